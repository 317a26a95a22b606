/** A conversation over a socket that the test answers. */

import { Chat } from "../../widget/chat.js";

/** A socket that opens at once, keeps what was sent, and says what a test says. */
export class FakeSocket extends EventTarget {
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

/** @param {import("node:test").TestContext} context */
export async function openChat(context) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.opened = [];
  globalThis.WebSocket = /** @type {any} */ (FakeSocket);
  let ends = 0;
  /** @type {import("../../widget/types.d.ts").Frame[]} */
  const news = [];
  const chat = new Chat({
    url: "wss://api.example/live",
    tenant: "studio",
    locale: "en",
    onChange: () => undefined,
    onEnd: () => (ends += 1),
    onNews: (frame) => news.push(frame),
  });
  chat.store.token = "token";
  chat.start();
  await settle();
  return { chat, socket: /** @type {FakeSocket} */ (FakeSocket.opened[0]), countEnds: () => ends, news };
}

/** Let everything run that waits for no timer. */
export const settle = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
