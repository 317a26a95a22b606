import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, reduce } from "../../widget/conversation.js";
import { hasSlowCommand, timeline } from "../../widget/selectors.js";
import { booked, delta, final, sent, welcome } from "./frames.js";

/** @import { Frame, LocalFrame, State } from "../../widget/types.d.ts" */

/** @param {(Frame | LocalFrame)[]} frames */
const after = (...frames) => frames.reduce(reduce, /** @type {State} */ (EMPTY));

test("a booking that takes longer is marked until it ends, and no answer is drafted for it", () => {
  /** @type {LocalFrame} */
  const command = { local: "command", frame: { v: 1, type: "booking.create", id: "b1", data: {} } };
  /** @type {LocalFrame} */
  const query = { local: "command", frame: { v: 1, type: "booking.slots", id: "q1", data: {} } };
  /** @type {Frame<"error">} */
  const failed = { type: "error", re: "b1", seq: 1, data: { code: "TIMEOUT", retryable: true, message: "Sorry" } };
  /** @type {(Frame | LocalFrame)[]} */
  const notices = [
    { type: "progress", re: "b1", data: {} },
    { local: "slow", id: "b1" },
  ];
  for (const notice of notices) {
    const slow = after(welcome(), command, notice);
    assert.ok(hasSlowCommand(slow));
    assert.deepEqual(timeline(slow), []);
    assert.ok(!hasSlowCommand(after(welcome(), command, notice, failed)));
    assert.ok(!hasSlowCommand(after(welcome(), command, failed, notice)));
  }
  assert.ok(!hasSlowCommand(after(welcome(), command, query)));
  assert.ok(!hasSlowCommand(after(welcome(), query, { type: "progress", re: "q1", data: {} })));
  assert.ok(!hasSlowCommand(after(welcome(), { type: "progress", re: "of another tab", data: {} })));
});

test("we say ourselves that an answer takes longer, unless its words come already", () => {
  /** @type {LocalFrame} */
  const slow = { local: "slow", id: "c1" };
  const isSlow = (/** @type {Frame[]} */ ...frames) => {
    const entry = after(welcome(), sent("c1", 1), ...frames, slow).entries["answer-c1"];
    return entry?.kind === "answer" && entry.slow === true;
  };
  assert.ok(isSlow());
  assert.ok(!isSlow(delta("c1", 0, "Good")));
  assert.ok(!isSlow(final("c1", 2)));
});

test("a code that is late is said on the card of its hold, until the hold changes", () => {
  /** @type {Frame<"progress">} */
  const late = { type: "progress", re: "b1", data: { appointment_id: "a1" } };
  const held = booked("booking.pending", 1, { re: "b1" });
  const card = (/** @type {Frame[]} */ ...frames) => {
    const entry = after(welcome(), ...frames).entries["appointment-a1"];
    return entry?.kind === "appointment" ? [entry.stage, Boolean(entry.code_late), entry.codes] : null;
  };
  assert.deepEqual(card(held), ["pending", false, 1]);
  assert.deepEqual(card(held, late), ["pending", true, 1]);
  assert.equal(card(late), null);
  assert.deepEqual(card(held, late, booked("booking.pending", 2)), ["pending", false, 2], "another code was sent");
  assert.deepEqual(card(held, booked("booking.pending", 2, { code_late: true })), ["pending", true, 1]);
  assert.deepEqual(card(held, late, booked("booking.confirmed", 2), late), ["confirmed", false, 1]);
});
