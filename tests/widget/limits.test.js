import assert from "node:assert/strict";
import { test } from "node:test";

import { Chat } from "../../widget/chat.js";

/** A socket that opens at once, keeps what was sent, and says what a test says. */
class FakeSocket extends EventTarget {
  /** @type {FakeSocket[]} */
  static opened = [];
  static OPEN = 1;
  readyState = 1;
  /** @type {any[]} */
  sent = [];

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = new URL(url);
    FakeSocket.opened.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** @param {object} frame */
  say(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify({ v: 1, ...frame }) }));
  }

  /**
   * @param {string} re
   * @param {number} retryAfterMs
   */
  refuse(re, retryAfterMs) {
    const data = { code: "RATE_LIMITED", retryable: true, message: "Wait.", retry_after_ms: retryAfterMs };
    this.say({ type: "error", re, data });
  }

  get last() {
    return this.sent.at(-1);
  }

  welcome() {
    const data = { session_id: "s1", session: "token", resume: "ok", limits: {}, disclosure: "" };
    this.say({ type: "welcome", re: this.last.id, data });
  }
}

const WAIT_MS = 9_000;

/** @param {import("node:test").TestContext} context */
async function openChat(context) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.opened = [];
  globalThis.WebSocket = /** @type {any} */ (FakeSocket);
  const chat = new Chat({ url: "wss://api.example/live", tenant: "studio", locale: "en", onChange: () => undefined });
  chat.store.token = "token";
  chat.start();
  await settle();
  return { chat, socket: /** @type {FakeSocket} */ (FakeSocket.opened[0]) };
}

/** Let everything run that waits for no timer. */
const settle = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

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
