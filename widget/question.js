/**
 * Asks one question at a time, beside the outbox: only the latest counts, and a missing answer holds nothing up.
 *
 * A question changes nothing, so it has no ack, may overtake commands, and is asked again under the same id. The
 * one who answers may be slow with the line in perfect order: silence is no reason to start over on another line,
 * and asking ever again would only lengthen the queue.
 */

/** @import { CommandFrame, Timer } from "./types.d.ts" */

const ASKS_BEFORE_SILENCE = 2;
const ASKS_IN_ALL = 3; // One more where a break may have swallowed the answer.

export class Question {
  #transmit;
  #onSilence;
  #answerWithin;
  /** @type {CommandFrame | null} */
  #frame = null;
  #asked = 0;
  #open = false;
  /** @type {Timer | undefined} */
  #timer;

  /**
   * `transmit(frame)` says whether it went out; `onSilence(id)` is called when we stop asking.
   *
   * @param {{
   *   transmit: (frame: CommandFrame) => boolean,
   *   onSilence: (id: string) => void,
   *   answerWithin?: number,
   * }} options
   */
  constructor({ transmit, onSilence, answerWithin = 10_000 }) {
    this.#transmit = transmit;
    this.#onSilence = onSilence;
    this.#answerWithin = answerWithin;
  }

  /**
   * Ask now, or as soon as a line is welcomed; what was asked before is asked no more.
   *
   * @param {CommandFrame} frame
   */
  ask(frame) {
    this.#frame = frame;
    this.#asked = 0;
    this.#put();
  }

  /** Nobody waits for the answer any more. */
  drop() {
    this.#frame = null;
    clearTimeout(this.#timer);
  }

  /** A line has been welcomed: the answer may have missed the last one. */
  opened() {
    this.#open = true;
    this.#put();
  }

  closed() {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  /** @param {string} id */
  settle(id) {
    if (this.#frame?.id === id) this.drop();
  }

  #put() {
    clearTimeout(this.#timer);
    if (!this.#open || this.#frame === null) return;
    if (this.#asked < ASKS_IN_ALL && this.#transmit(this.#frame)) this.#asked += 1;
    this.#timer = setTimeout(() => this.#unanswered(), this.#answerWithin);
  }

  #unanswered() {
    if (this.#asked < ASKS_BEFORE_SILENCE) {
      this.#put();
      return;
    }
    if (this.#frame === null) return;
    const { id } = this.#frame;
    this.drop();
    this.#onSilence(id);
  }
}
