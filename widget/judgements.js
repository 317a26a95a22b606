/**
 * What the visitor thinks of the answers. Pure.
 */

/** @import { CommandFrame, State } from "./types.d.ts" */

export const FEEDBACK = "chat.feedback";

/**
 * Return the judgements after a command of ours: of each answer the latest one counts.
 *
 * @param {Pick<State, "judgements">} state
 * @param {CommandFrame} frame
 */
export function keepJudgement({ judgements }, { type, id, data: { re_seq: seq, verdict } }) {
  return type === FEEDBACK && seq && verdict ? { ...judgements, [seq]: { id, verdict } } : judgements;
}
