/** Who answers, what a person does, and our notices in between. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, reduce } from "../../widget/conversation.js";
import { awaitedMessageId, timeline } from "../../widget/selectors.js";
import { delta, error, final, sent, welcome } from "./frames.js";

/** @import { Frame, LocalFrame, State } from "../../widget/types.d.ts" */

/** @param {(Frame | LocalFrame)[]} frames */
const after = (...frames) => frames.reduce(reduce, after0);
const after0 = /** @type {State} */ (EMPTY);

/**
 * @param {number} seq
 * @param {Partial<Frame<"chat.final">["data"]>} data
 * @returns {Frame<"chat.final">}
 */
const staff = (seq, data) => ({ type: "chat.final", seq, data: { text: "Good morning.", by: "human", ...data } });

/**
 * @param {Frame<"presence">["data"]} data
 * @returns {Frame<"presence">}
 */
const presence = (data) => ({ type: "presence", data });

/** @param {State} state */
const kinds = (state) => timeline(state).map(({ kind }) => kind);

test("the header's person is who has taken over or answered last", () => {
  for (const [frames, person] of /** @type {[Frame[], string | null][]} */ ([
    [[], null],
    [[staff(1, { announces: "took_over", author: "Ola" })], "Ola"],
    [[staff(1, { announces: "took_over" })], ""],
    [[staff(1, { author: "Ola" }), staff(2, { author: "Jan" })], "Jan"],
    [[staff(1, { author: "Ola" }), staff(2, {})], ""],
    [[staff(1, { author: "Ola" }), staff(2, { announces: "handed_back" })], null],
    [[staff(1, { author: "Ola" }), sent("c1", 2), final("c1", 3)], null],
    [[staff(1, { author: "Ola" }), sent("c1", 2), final("c1", 3, { text: "", announces: "is_read" })], "Ola"],
    [[final("h1", 1, { announces: "handover_active" })], ""],
    [[final("h1", 1, { announces: "handover_closed" })], null],
    [[final("h1", 1, { announces: "of a newer backend" })], null],
  ])) {
    assert.equal(after(welcome(), ...frames).person, person, JSON.stringify(frames));
  }
});

test("an announcement is no answer, ends its command, and takes a draft away", () => {
  const state = after(
    welcome(),
    sent("c1", 1),
    delta("c1", 0, "Half"),
    final("c1", 2, { text: "A person reads this.", announces: "is_read" }),
  );
  assert.deepEqual(kinds(state), ["said", "announcement"]);
  assert.equal(awaitedMessageId(state), null);
});

test("a further message that a person reads ends without a word", () => {
  const state = after(welcome(), sent("c1", 1), final("c1", 2, { text: "", announces: "is_read" }));
  assert.deepEqual(kinds(state), ["said"]);
  assert.equal(awaitedMessageId(state), null);
});

test("the answer to a question that was left open comes behind what was announced", () => {
  const state = after(
    welcome(),
    sent("c1", 1),
    final("c1", 2, { text: "A person reads this.", announces: "is_read" }),
    staff(3, { announces: "handed_back" }),
    final("c1", 4, { text: "120" }),
  );
  assert.deepEqual(kinds(state), ["said", "announcement", "announcement", "answer"]);
});

test("an announcement follows the refusal of an earlier attempt", () => {
  const state = after(welcome(), error("h1", "INTERNAL"), final("h1", 1, { announces: "handover_requested" }));
  assert.deepEqual(kinds(state), ["announcement"]);
});

test("typing ends with the answer, and when it is said", () => {
  const typing = after(welcome(), staff(1, { author: "Ola" }), presence({ typing: true }));
  assert.equal(typing.typing, true);
  for (const frame of [staff(2, {}), presence({ typing: false }), staff(2, { announces: "handed_back" })]) {
    assert.equal(reduce(typing, frame).typing, false);
  }
  assert.equal(reduce(typing, presence({ read_seq: 1 })).typing, true);
});

test("what was read stays read, whatever comes later", () => {
  const state = after(welcome(), presence({ read_seq: 5 }), presence({ read_seq: 3 }), presence({ typing: true }));
  assert.equal(state.readSeq, 5);
  for (const malformed of [null, "x", {}, -1, undefined]) {
    assert.equal(reduce(state, presence({ read_seq: /** @type {any} */ (malformed) })).readSeq, 5);
  }
});
