/**
 * Puts an answer together from its deltas: each says from which character on the answer is what.
 */

/** @import { AnswerEntry, Unplaced } from "./types.d.ts" */

/**
 * Return the draft's new `from` and `text`. Offsets count characters (code points), which a JavaScript string
 * does not. A delta that starts beyond what we have (some were lost with an old connection) starts afresh from
 * there; the final frame brings the whole.
 *
 * @param {{ from?: number, text: string }} draft
 * @param {{ offset: number, text: string }} delta
 */
export function extendDraft({ from = 0, text }, { offset, text: piece }) {
  const known = Array.from(text);
  if (offset < from || offset > from + known.length) return { from: offset, text: piece };
  return { from, text: known.slice(0, offset - from).join("") + piece };
}

/**
 * @param {string} re
 * @returns {Unplaced<AnswerEntry> & { from: number }}
 */
export function buildDraft(re) {
  return { kind: "answer", key: answerKey(re), re, from: 0, text: "", streaming: true, actions: [] };
}

/** The key of the answer to a message. */
export const answerKey = (/** @type {string | undefined} */ re) => `answer-${re}`;
