import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, openChat, settle } from "./fake_socket.js";

const final = (/** @type {number} */ seq) => ({ type: "chat.final", re: `c${seq}`, seq, data: { text: `${seq}` } });

/** @param {import("../../widget/chat.js").Chat} chat */
const displayed = (chat) =>
  Object.values(chat.state.entries).map((entry) => (entry.kind === "answer" ? entry.text : entry.kind));

test("while nobody answers, no gap is given up", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  socket.say(final(2));
  assert.equal(socket.last.type, "hello");
  socket.dispatchEvent(new Event("close"));
  context.mock.timers.tick(700);
  await settle();
  context.mock.timers.tick(9_000);
  const [, again] = /** @type {[FakeSocket, FakeSocket]} */ (FakeSocket.opened);
  assert.equal(again.last.data.last_seq, 0);
  again.welcome();
  again.say(final(1));
  again.say(final(2));
  assert.deepEqual(displayed(chat), ["1", "2"]);
});

test("what the server leaves out after two welcomes is passed over", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  socket.say(final(2));
  socket.welcome();
  socket.say(final(2));
  assert.deepEqual(displayed(chat), []);
  context.mock.timers.tick(3_000);
  assert.deepEqual(displayed(chat), ["2"]);
  assert.equal(chat.state.lastSeq, 2);
});

test("a frame whose number is far too high keeps no later frame out", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  socket.say(final(9e15));
  socket.welcome();
  context.mock.timers.tick(60_000);
  socket.say(final(1));
  assert.deepEqual(displayed(chat), ["1"]);
});
