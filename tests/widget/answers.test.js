import assert from "node:assert/strict";
import { test } from "node:test";

import { findProblem } from "../../widget/answers.js";
import { findRefusedQuestion } from "../../widget/refused-question.js";

/** @import { Question } from "../../widget/types.d.ts" */

/**
 * @param {Partial<Question>} fields
 * @returns {Question}
 */
const question = (fields) => ({ id: "q", kind: "text", label: "Why?", required: false, ...fields });

test("an answer is judged by the kind and the bounds of its question", () => {
  const people = question({ kind: "number", minimum: 1, maximum: 6 });
  for (const [asked, answer, problem] of /** @type {[Question, string, string | null][]} */ ([
    [question({}), "", null],
    [question({ required: true }), "", "answer_missing"],
    [question({ required: true }), "x", null],
    [question({ kind: "yes_no", required: true }), "", "answer_missing"],
    [question({ kind: "choice" }), "short", null],
    [people, "", null],
    [people, "6", null],
    [people, "３", null],
    [people, "٣", null],
    [people, "7", "answer_number_between"],
    [people, "0", "answer_number_between"],
    [people, "two", "answer_number_between"],
    [question({ kind: "number", minimum: 0 }), "-1", "answer_number_from"],
    [question({ kind: "number", maximum: 9 }), "10", "answer_number_to"],
    [question({ kind: "number" }), "2.5", "answer_number"],
    [question({ kind: "number" }), "-12", null],
  ])) {
    assert.equal(findProblem(asked, answer), problem, `${asked.kind} ${answer}`);
  }
});

test("a refusal names its question only in the path of an answer", () => {
  assert.equal(findRefusedQuestion({ detail: "data.answers.first-visit: answer_missing" }), "first-visit");
  for (const detail of [undefined, "", "data.answers: too_long", "data.answers.?: x", "data.contact: value_error"]) {
    assert.equal(findRefusedQuestion({ detail }), null);
  }
});
