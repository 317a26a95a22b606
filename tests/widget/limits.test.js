import assert from "node:assert/strict";
import { test } from "node:test";

import { hasSlowCommand } from "../../widget/selectors.js";
import { FakeSocket, openChat, settle } from "./fake_socket.js";

const WAIT_MS = 9_000;

test("a hello over a limit is repeated on the same socket, and the visitor keeps the session", async (context) => {
  const { chat, socket } = await openChat(context);
  const first = socket.last;
  socket.refuse(first.id, WAIT_MS);
  assert.equal(chat.isLimited, true);
  assert.equal(chat.store.token, "token");
  context.mock.timers.tick(WAIT_MS - 1);
  assert.equal(socket.sent.length, 1);
  context.mock.timers.tick(1);
  assert.deepEqual([socket.last.type, socket.last.id === first.id, chat.isLimited], ["hello", false, false]);
  socket.welcome();
  await settle();
  assert.deepEqual([chat.connectionState, FakeSocket.opened.length], ["open", 1]);
  chat.stop();
});

test("a message over a limit stays in the conversation and is sent again, without a refusal", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("chat.send", { text: "Hello" });
  socket.refuse(id, WAIT_MS);
  assert.deepEqual([chat.isLimited, Object.values(chat.state.entries).map((entry) => entry.kind)], [true, ["said"]]);
  assert.equal(chat.store.commands().length, 1);
  context.mock.timers.tick(WAIT_MS);
  assert.deepEqual(
    socket.sent.map((frame) => frame.id).filter((each) => each === id),
    [id, id],
  );
  socket.say({ type: "ack", re: id, data: { state: "accepted" } });
  assert.deepEqual([chat.store.commands(), chat.isLimited], [[], false]);
  chat.stop();
});

test("a stored refusal ends its command, and so does one of something that does not wait", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("booking.resend", { appointment_id: "a" });
  socket.say({ type: "ack", re: id, data: { state: "accepted" } });
  socket.refuse(id, WAIT_MS);
  assert.deepEqual([chat.isLimited, chat.state.outcomes[id]?.type], [false, "error"]);
  chat.stop();
});

test("a command without an answer for eight seconds is slow, whatever the server says", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("booking.create", {});
  socket.say({ type: "ack", re: id, data: { state: "accepted" } });
  context.mock.timers.tick(7_999);
  assert.ok(!hasSlowCommand(chat.state));
  context.mock.timers.tick(1);
  assert.ok(hasSlowCommand(chat.state));
  chat.stop();
});
