/**
 * One WebSocket from its opening to its end: frames in and out, and a ping that notices a dead connection.
 */

import { newId } from "./ids.js";

/** @import { ClientFrame, Frame, Timer } from "./types.d.ts" */

/** @typedef {Record<
  | "openWithin" | "answerWithin" | "probeWithin" | "outageAfter" | "pingEvery" | "moveAfter" | "backoffBase" | "backoffMax", number>} Timings */

/**
 * Times in milliseconds. API Gateway closes after 10 idle minutes and after 2 hours in all.
 *
 * @type {Readonly<Timings>}
 */
export const TIMINGS = Object.freeze({
  openWithin: 15_000,
  answerWithin: 15_000,
  probeWithin: 5_000,
  outageAfter: 5_000,
  pingEvery: 4.5 * 60_000,
  moveAfter: 110 * 60_000,
  backoffBase: 700,
  backoffMax: 30_000,
});

export class Socket {
  #webSocket;
  #timings;
  #on;
  #wasOpen = false;
  #isFinished = false;
  #openTimer;
  /** @type {Timer | undefined} */
  #pingTimer;
  /** @type {Timer | undefined} */
  #deadTimer;

  /**
   * `on.open(socket)`, `on.frame(socket, frame)` and `on.end(socket, wasOpen)` are called; `on.end` exactly once,
   * unless we closed the socket ourselves.
   *
   * @param {string} url
   * @param {{
   *   open: (socket: Socket) => void,
   *   frame: (socket: Socket, frame: Frame) => void,
   *   end: (socket: Socket, opened: boolean) => void,
   * }} on
   */
  constructor(url, on, timings = TIMINGS) {
    this.#on = on;
    this.#timings = timings;
    this.#webSocket = new WebSocket(url);
    this.#openTimer = setTimeout(() => this.#handleLoss(), timings.openWithin);
    this.#webSocket.addEventListener("open", () => this.#handleOpen());
    this.#webSocket.addEventListener("message", (event) => this.#receive(event.data));
    this.#webSocket.addEventListener("close", () => this.#handleLoss());
  }

  /** @param {ClientFrame} frame */
  send(frame) {
    if (this.#isFinished || this.#webSocket.readyState !== WebSocket.OPEN) return false;
    this.#webSocket.send(JSON.stringify(frame));
    return true;
  }

  /** Check that the server still answers; without an answer the socket is closed. */
  probe(within = this.#timings.answerWithin) {
    if (!this.send({ v: 1, type: "ping", id: newId(), data: {} })) return;
    clearTimeout(this.#deadTimer);
    this.#deadTimer = setTimeout(() => this.#handleLoss(), within);
  }

  end() {
    this.#finish();
  }

  /** Treat the socket as broken, as if the server had closed it. */
  fail() {
    this.#handleLoss();
  }

  #handleOpen() {
    if (this.#isFinished) return;
    clearTimeout(this.#openTimer);
    this.#wasOpen = true;
    this.#pingTimer = setInterval(() => this.probe(), this.#timings.pingEvery);
    this.#on.open(this);
  }

  /** @param {string} text */
  #receive(text) {
    if (this.#isFinished) return;
    clearTimeout(this.#deadTimer);
    const frame = parseFrame(text);
    if (frame && frame.type !== "pong") this.#on.frame(this, frame);
  }

  #handleLoss() {
    if (this.#isFinished) return;
    this.#finish();
    this.#on.end(this, this.#wasOpen);
  }

  #finish() {
    this.#isFinished = true;
    clearTimeout(this.#openTimer);
    clearTimeout(this.#deadTimer);
    clearInterval(this.#pingTimer);
    this.#webSocket.close();
  }
}

/**
 * Return the frame, or null for what is not ours: API Gateway's own messages carry no `v`. A number that is none, or a
 * welcome without a session, would do harm; every other mistake only spoils its frame.
 *
 * @param {string} text
 * @returns {Frame | null}
 */
function parseFrame(text) {
  try {
    const frame = JSON.parse(text);
    const { v, type, seq = 1, data } = frame;
    if (v !== 1 || typeof type !== "string" || !(Number.isSafeInteger(seq) && seq > 0)) return null;
    if (type === "welcome" && typeof (data?.session_id && data.session) !== "string") return null;
    return { ...frame, data: typeof data === "object" && data ? data : {} };
  } catch {
    return null;
  }
}
