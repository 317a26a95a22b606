/**
 * Sends one query at a time, beside the outbox: only the latest counts, and a missing answer delays nothing else.
 *
 * A query changes nothing, so it has no ack, may overtake commands, and is repeated under the same id. The worker
 * may be slow although the connection is fine: a missing answer is no reason to open another connection, and
 * repeated queries would only lengthen the queue.
 */

/** @import { CommandFrame, Timer } from "./types.d.ts" */

const MAX_SENDS_BEFORE_TIMEOUT = 2;
const MAX_SENDS = 3; // One more where an answer may have been lost with its connection.

export class QuerySender {
  #transmit;
  #onTimeout;
  #timeoutMs;
  /** @type {CommandFrame | null} */
  #frame = null;
  #sends = 0;
  #open = false;
  /** @type {Timer | undefined} */
  #timer;

  /**
   * `transmit(frame)` says whether it went out; `onTimeout(id)` is called when the query is not repeated any more.
   *
   * @param {{
   *   transmit: (frame: CommandFrame) => boolean,
   *   onTimeout: (id: string) => void,
   *   timeoutMs?: number,
   * }} options
   */
  constructor({ transmit, onTimeout, timeoutMs = 10_000 }) {
    this.#transmit = transmit;
    this.#onTimeout = onTimeout;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Send a query now, or as soon as a connection is welcomed; the query before is dropped.
   *
   * @param {CommandFrame} frame
   */
  send(frame) {
    this.#frame = frame;
    this.#sends = 0;
    this.#sendAndWait();
  }

  /** Forget the query: nobody waits for its answer any more. */
  drop() {
    this.#frame = null;
    clearTimeout(this.#timer);
  }

  /** A connection was welcomed: the answer may have been posted to the one before. */
  resume() {
    this.#open = true;
    this.#sendAndWait();
  }

  pause() {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  /**
   * The server refused to accept the query for now: send it again later. Returns whether it was this one.
   *
   * @param {string} id
   * @param {number} delayMs
   */
  postpone(id, delayMs) {
    if (this.#frame?.id !== id) return false;
    clearTimeout(this.#timer);
    this.#sends = 0;
    this.#timer = setTimeout(() => this.#sendAndWait(), delayMs);
    return true;
  }

  /** @param {string} id */
  acceptAnswer(id) {
    if (this.#frame?.id === id) this.drop();
  }

  #sendAndWait() {
    clearTimeout(this.#timer);
    if (!this.#open || this.#frame === null) return;
    if (this.#sends < MAX_SENDS && this.#transmit(this.#frame)) this.#sends += 1;
    this.#timer = setTimeout(() => this.#repeatOrGiveUp(), this.#timeoutMs);
  }

  #repeatOrGiveUp() {
    if (this.#sends < MAX_SENDS_BEFORE_TIMEOUT) {
      this.#sendAndWait();
      return;
    }
    if (this.#frame === null) return;
    const { id } = this.#frame;
    this.drop();
    this.#onTimeout(id);
  }
}
