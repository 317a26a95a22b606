/** The end of a session: the tab forgets it at the acknowledgement, and never what has begun since. */

import assert from "node:assert/strict";
import test from "node:test";

import { MemoryArea, Store } from "../../widget/store.js";
import { openChat, settle } from "./fake_socket.js";

const buildFrame = (/** @type {string} */ id) => ({ v: /** @type {const} */ (1), type: "chat.send", id, data: {} });

function fill() {
  const [area, tabArea] = [new MemoryArea(), new MemoryArea()];
  area.setItem("stride-chat/other/session", "another business");
  const store = new Store("studio", { area, tabArea });
  store.token = "token";
  store.lastSeq = 7;
  store.open = true;
  store.keepDraft("message", "My name is Jan");
  store.keepCommand(buildFrame("c1"));
  return { area, tabArea, store };
}

test("nothing of an ended session is left in the browser but its mark", () => {
  const { area, tabArea, store } = fill();
  store.forget("s1");
  assert.equal(store.token, null);
  assert.deepEqual(store.commands(), []);
  const keys = Array.from({ length: area.length }, (_, index) => area.key(index));
  assert.deepEqual(keys, ["stride-chat/other/session", "stride-chat/studio/ended"]);
  assert.equal(tabArea.length, 0);
});

test("a tab that hears of the end later keeps the conversation that has begun since", () => {
  const { area, store } = fill();
  const later = new Store("studio", { area, tabArea: new MemoryArea() });
  later.keepDraft("message", "My name is Jan");
  store.forget("s1");
  store.token = "next";
  later.forget("s1");
  assert.equal(new Store("studio", { area, tabArea: new MemoryArea() }).token, "next");
  assert.equal(later.findDraft("message"), "");
});

test("the mark of another session, or its removal, ends nothing", () => {
  const { store } = fill();
  const key = "stride-chat/studio/ended";
  assert.ok(store.isEnded({ key, newValue: "s1" }, "s1"));
  assert.ok(!store.isEnded({ key, newValue: "s2" }, "s1"));
  assert.ok(!store.isEnded({ key, newValue: null }, null));
  assert.ok(!store.isEnded({ key: "stride-chat/studio/session", newValue: "s1" }, "s1"));
});

test("the end is the acknowledgement for the tab that asked, and the frame for the others", async (context) => {
  const { chat, socket, countEnds } = await openChat(context);
  socket.welcome();
  await settle();
  const message = chat.sendCommand("chat.send", { text: "Hello" });
  socket.say({ type: "ack", re: message, data: {} });
  assert.equal(countEnds(), 0);
  const id = chat.sendCommand("session.end", {});
  socket.say({ type: "ack", re: id, data: {} });
  assert.equal(countEnds(), 1);
  assert.equal(chat.store.token, null);
  socket.say({ type: "session.ended", re: "of another tab", seq: 30, data: {} });
  assert.equal(countEnds(), 2);
  chat.stop();
});
