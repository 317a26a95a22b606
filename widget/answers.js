/**
 * Judges a visitor's answer to a question of the business. Pure; the server has the last word.
 */

import { toAsciiDigits } from "./codes.js";

/** @import { Question } from "./types.d.ts" */

const WHOLE_NUMBER = /^[-+]?\d{1,12}$/;

/**
 * Return the id of the sentence that says what is wrong with an answer, or null if nothing is.
 *
 * @param {Question} question
 * @param {string} answer
 */
export function findProblem({ kind, required, minimum, maximum }, answer) {
  if (answer === "") return required ? "answer_missing" : null;
  if (kind !== "number") return null;
  const digits = toAsciiDigits(answer);
  const number = Number(digits);
  const fits = WHOLE_NUMBER.test(digits) && number >= (minimum ?? -Infinity) && number <= (maximum ?? Infinity);
  return fits ? null : nameBounds(minimum, maximum);
}

/**
 * @param {number | undefined} minimum
 * @param {number | undefined} maximum
 */
function nameBounds(minimum, maximum) {
  if (minimum === undefined) return maximum === undefined ? "answer_number" : "answer_number_to";
  return maximum === undefined ? "answer_number_from" : "answer_number_between";
}
