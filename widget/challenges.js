/**
 * Answers challenges of the server: the solver is loaded, and the command is sent again with the proof, unseen.
 */

/** @import { Challenge, CommandFrame, Frame, Timer } from "./types.d.ts" */

/** @typedef {{ solveChallenge: (challenge: Challenge, signal: AbortSignal) => Promise<string> }} Solver */

/** @typedef {Frame<"error"> & { re: string, data: { challenge: Challenge } }} ChallengeFrame */

const SOLVE_WITHIN_MS = 60_000;

/** How long another tab of the visitor may need for a challenge of its own, before it is shown as a refusal. */
const OTHERS_WITHIN_MS = 20_000;

/** Whether this browser can solve challenges: it has the functions on pages with https only. */
export const canSolve = () => Boolean(globalThis.crypto?.subtle);

/**
 * @param {Frame} frame
 * @returns {frame is ChallengeFrame}
 */
export function isChallenge(frame) {
  return frame.type === "error" && frame.re !== undefined && frame.data.challenge !== undefined;
}

export class Challenges {
  #onProof;
  #onFailure;
  #load;
  /** @type {Map<string, { controller: AbortController, frame: ChallengeFrame, timer: Timer }>} */
  #underWay = new Map();

  /**
   * `onProof(command)` sends the command again; `onFailure(frame)` shows the refusal, also if the visitor has cancelled.
   *
   * @param {{
   *   onProof: (command: CommandFrame) => void,
   *   onFailure: (frame: ChallengeFrame) => void,
   *   load?: () => Promise<Solver>,
   * }} options
   */
  constructor({ onProof, onFailure, load = () => import("./proof.js") }) {
    this.#onProof = onProof;
    this.#onFailure = onFailure;
    this.#load = load;
  }

  /**
   * Solve a challenge for a command of this page. Without one it is another tab's, or that of a page before: then it is
   * a refusal, unless its outcome comes soon.
   *
   * @param {ChallengeFrame} frame
   * @param {CommandFrame | null} command
   */
  accept(frame, command) {
    if (this.#underWay.has(frame.re)) return;
    const controller = new AbortController();
    const isOver = Number(frame.data.challenge.parameters.data?.until) < Date.now();
    const within = command ? SOLVE_WITHIN_MS : OTHERS_WITHIN_MS;
    const timer = setTimeout(() => this.cancel(frame.re), isOver ? 0 : within);
    this.#underWay.set(frame.re, { controller, frame, timer });
    if (command && !isOver) this.#solve(frame, command, controller.signal);
  }

  /**
   * The visitor wants it no more, or it takes too long.
   *
   * @param {string} id
   */
  cancel(id) {
    const cancelled = this.#end(id);
    if (cancelled) this.#onFailure(cancelled.frame);
  }

  /**
   * The command has ended, whoever has proved it.
   *
   * @param {string} id
   */
  drop(id) {
    this.#end(id);
  }

  stop() {
    for (const id of [...this.#underWay.keys()]) this.#end(id);
  }

  /**
   * @param {ChallengeFrame} frame
   * @param {CommandFrame} command
   * @param {AbortSignal} signal
   */
  async #solve(frame, command, signal) {
    try {
      const { solveChallenge } = await this.#load();
      const proof = await solveChallenge(frame.data.challenge, signal);
      if (this.#end(frame.re)) this.#onProof({ ...command, proof });
    } catch {
      if (!signal.aborted) this.cancel(frame.re);
    }
  }

  /** @param {string} id */
  #end(id) {
    const ended = this.#underWay.get(id);
    this.#underWay.delete(id);
    clearTimeout(ended?.timer);
    ended?.controller.abort();
    return ended;
  }
}
