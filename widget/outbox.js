/**
 * Sends commands one at a time and keeps each, in storage too, until the server has answered for it.
 *
 * Two Lambdas may run for one socket at once, so the next command waits for the last one's ack. A command sent
 * again carries the same id: the server does it once.
 */

/** @import { CommandFrame, Timer } from "./types.d.ts" */
/** @import { Store } from "./store.js" */

export class Outbox {
  #store;
  #transmit;
  #onStall;
  #ackWithin;
  /** @type {CommandFrame[]} */
  #waiting = [];
  #open = false;
  /** @type {Timer | undefined} */
  #stallTimer;
  /** @type {Timer | undefined} */
  #postponeTimer;

  /**
   * `transmit(frame)` says whether it went out; `onStall()` is called when no ack comes in time.
   *
   * @param {{
   *   store: Pick<Store, "commands" | "keepCommand" | "dropCommand">,
   *   transmit: (frame: CommandFrame) => boolean,
   *   onStall: () => void,
   *   ackWithin?: number,
   * }} options
   */
  constructor({ store, transmit, onStall, ackWithin = 12_000 }) {
    this.#store = store;
    this.#transmit = transmit;
    this.#onStall = onStall;
    this.#ackWithin = ackWithin;
  }

  /** Take over what an earlier page left without an ack, and return it. */
  restore() {
    this.#waiting = this.#store.commands();
    return [...this.#waiting];
  }

  /** @param {CommandFrame} frame */
  add(frame) {
    this.#store.keepCommand(frame);
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) this.#sendFirst();
  }

  /** A connection was welcomed: send again what was not acknowledged on the one before. */
  resume() {
    this.#open = true;
    this.#sendFirst();
  }

  pause() {
    this.#open = false;
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#postponeTimer);
  }

  /**
   * The server refused to accept this for now: keep it, and send it again later. Returns whether it was waiting.
   *
   * @param {string} id
   * @param {number} delayMs
   */
  postpone(id, delayMs) {
    if (!this.#waiting.some((frame) => frame.id === id)) return false;
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#postponeTimer);
    this.#postponeTimer = setTimeout(() => this.#sendFirst(), delayMs);
    return true;
  }

  /**
   * The server answered for this id, with an ack or with anything that can only follow one.
   *
   * @param {string} id
   */
  acceptAnswer(id) {
    const index = this.#waiting.findIndex((frame) => frame.id === id);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#store.dropCommand(id);
    if (index === 0) this.#sendFirst();
  }

  #sendFirst() {
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#postponeTimer);
    const [first] = this.#waiting;
    if (!this.#open || !first) return;
    if (this.#transmit(first)) this.#stallTimer = setTimeout(this.#onStall, this.#ackWithin);
  }
}
