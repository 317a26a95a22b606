import assert from "node:assert/strict";
import { test } from "node:test";

import { Question } from "../../widget/question.js";
import { command } from "./frames.js";

const ANSWER_WITHIN_MS = 1_000;

/** A question on an open line, with what it transmitted and which ids it gave up. */
function questionOnOpenLine() {
  /** @type {string[]} */
  const transmitted = [];
  /** @type {string[]} */
  const givenUp = [];
  const question = new Question({
    transmit: (frame) => {
      transmitted.push(frame.id);
      return true;
    },
    onSilence: (id) => givenUp.push(id),
    answerWithin: ANSWER_WITHIN_MS,
  });
  question.resume();
  return { question, transmitted, givenUp };
}

test("silence has a question asked once more under its id, then it is given up", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { question, transmitted, givenUp } = questionOnOpenLine();
  question.ask(command("q1", "booking.slots", {}));
  context.mock.timers.tick(ANSWER_WITHIN_MS);
  assert.deepEqual(transmitted, ["q1", "q1"]);
  assert.deepEqual(givenUp, []);
  context.mock.timers.tick(ANSWER_WITHIN_MS);
  assert.deepEqual(givenUp, ["q1"]);
  context.mock.timers.tick(10 * ANSWER_WITHIN_MS);
  assert.deepEqual(transmitted, ["q1", "q1"]);
});

test("only the latest question counts", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { question, transmitted, givenUp } = questionOnOpenLine();
  question.ask(command("q1", "booking.slots", {}));
  question.ask(command("q2", "booking.slots", {}));
  question.acceptAnswer("q1");
  context.mock.timers.tick(ANSWER_WITHIN_MS);
  context.mock.timers.tick(ANSWER_WITHIN_MS);
  assert.deepEqual(transmitted, ["q1", "q2", "q2"]);
  assert.deepEqual(givenUp, ["q2"]);
});

test("an answered or dropped question is asked no more, not even on the next line", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { question, transmitted, givenUp } = questionOnOpenLine();
  question.ask(command("q1", "booking.slots", {}));
  question.acceptAnswer("q1");
  question.ask(command("q2", "booking.slots", {}));
  question.drop();
  question.resume();
  context.mock.timers.tick(10 * ANSWER_WITHIN_MS);
  assert.deepEqual(transmitted, ["q1", "q2"]);
  assert.deepEqual(givenUp, []);
});

test("a break may have swallowed an answer: it is asked three times in all, and no more", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { question, transmitted } = questionOnOpenLine();
  question.ask(command("q1", "booking.slots", {}));
  for (let line = 0; line < 5; line += 1) {
    question.pause();
    question.resume();
  }
  assert.deepEqual(transmitted, ["q1", "q1", "q1"]);
});

test("the time without a line is not counted as silence", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { question, givenUp } = questionOnOpenLine();
  question.ask(command("q1", "booking.slots", {}));
  context.mock.timers.tick(ANSWER_WITHIN_MS);
  question.pause();
  context.mock.timers.tick(10 * ANSWER_WITHIN_MS);
  assert.deepEqual(givenUp, []);
});
