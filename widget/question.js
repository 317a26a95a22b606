/**
 * Asks one question at a time, beside the outbox: only the latest counts, and a missing answer delays nothing else.
 *
 * A question changes nothing, so it has no ack, may overtake commands, and is asked again under the same id. The
 * worker may be slow although the connection is fine: a missing answer is no reason to open another connection, and
 * repeated questions would only lengthen the queue.
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
   * Ask now, or as soon as a connection is welcomed; the question before is dropped.
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

  /** A connection was welcomed: the answer may have been posted to the one before. */
  resume() {
    this.#open = true;
    this.#put();
  }

  pause() {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  /** @param {string} id */
  acceptAnswer(id) {
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
