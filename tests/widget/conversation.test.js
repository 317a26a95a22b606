import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, hasGap, isForAnotherTab, reduce } from "../../widget/conversation.js";
import { awaitedMessageId, findCommandUnderWay, timeline } from "../../widget/selectors.js";
import { booked, delta, details, error, final, ours, sent, welcome } from "./frames.js";

/** @import { AppointmentEntry, Entry, Frame, LocalFrame, State } from "../../widget/types.d.ts" */

/** @param {(Frame | LocalFrame)[]} frames */
const after = (...frames) => frames.reduce(reduce, /** @type {State} */ (EMPTY));

/**
 * What the log shows, in short: visitors' and assistants' texts, stages of cards, codes of refusals.
 *
 * @param {State} state
 */
const displayed = (state) => timeline(state).map((entry) => short(entry));

/** @param {Entry} entry */
function short(entry) {
  if (entry.kind === "refusal") return `refused ${entry.error.code}`;
  return entry.kind === "appointment" ? `${entry.kind} ${entry.stage}` : `${entry.kind} ${entry.text}`;
}

/** @param {State} state */
function card(state) {
  return /** @type {AppointmentEntry} */ (state.entries["appointment-a1"]);
}

test("durable frames that come out of order are shown in order", () => {
  const state = after(
    welcome(),
    final("c1", 2, { text: "Two" }),
    final("c2", 3, { text: "Three" }),
    sent("c1", 1, "One"),
  );
  assert.deepEqual(displayed(state), ["said One", "answer Two", "answer Three"]);
  assert.equal(state.lastSeq, 3);
  assert.equal(hasGap(state), false);
});

test("a frame after a gap waits, and is not shown before its predecessor", () => {
  const state = after(welcome(), sent("c1", 1, "One"), final("c1", 3));
  assert.deepEqual(displayed(state), ["said One"]);
  assert.equal(state.lastSeq, 1);
  assert.equal(hasGap(state), true);
});

test("a gap that is given up is passed over, and later frames go on from there", () => {
  const waiting = after(welcome(), sent("c1", 1, "One"), final("c1", 5, { text: "Five" }), sent("c2", 7, "Seven"));
  const state = reduce(waiting, { local: "skip" });
  assert.deepEqual(displayed(state), ["said One", "answer Five"]);
  assert.equal(state.lastSeq, 5);
  assert.equal(hasGap(state), true);
});

test("giving up without a gap changes nothing", () => {
  const state = after(welcome(), sent("c1", 1));
  assert.equal(reduce(state, { local: "skip" }), state);
});

test("a durable frame that comes twice is applied once", () => {
  const once = after(welcome(), booked("booking.pending", 1));
  const twice = reduce(once, booked("booking.pending", 1));
  assert.equal(twice, once);
  assert.equal(card(twice).codes, 1);
});

test("a type that this release does not know counts as a frame and shows nothing", () => {
  const unknown = /** @type {Frame} */ (/** @type {unknown} */ ({ type: "chat.sticker", seq: 1, data: {} }));
  const state = after(welcome(), unknown, sent("c1", 2, "Two"));
  assert.deepEqual(displayed(state), ["said Two"]);
});

test("a message goes from pending over accepted to sent, and keeps its place", () => {
  const pending = after(welcome(), ours("c1"));
  const accepted = reduce(pending, { type: "ack", re: "c1", data: {} });
  const durable = reduce(accepted, sent("c1", 1));
  const states = [pending, accepted, durable].map(({ entries }) => entries.c1?.kind === "said" && entries.c1.state);
  assert.deepEqual(states, ["pending", "accepted", "sent"]);
  assert.equal(timeline(durable).length, 1);
});

test("an ack that comes after the durable frame does not set the message back", () => {
  const state = after(welcome(), ours("c1"), sent("c1", 1), { type: "ack", re: "c1", data: {} });
  assert.equal(state.entries.c1?.kind === "said" && state.entries.c1.state, "sent");
});

test("an answer is awaited from the ack until its final, and not while the message is only queued", () => {
  const pending = after(welcome(), ours("c1"));
  const accepted = reduce(pending, { type: "ack", re: "c1", data: {} });
  const answered = [sent("c1", 1), final("c1", 2)].reduce(reduce, accepted);
  assert.deepEqual([pending, accepted, answered].map(awaitedMessageId), [null, "c1", null]);
});

test("the final replaces what the deltas brought, and a late delta changes nothing", () => {
  const streaming = after(welcome(), sent("c1", 1), delta("c1", 0, "Good mor"), delta("c1", 5, "evening"));
  assert.deepEqual(displayed(streaming), ["said Hello", "answer Good evening"]);
  const state = [final("c1", 2, { text: "Good day." }), delta("c1", 0, "Late")].reduce(reduce, streaming);
  assert.deepEqual(displayed(state), ["said Hello", "answer Good day."]);
});

test("a typing sign that comes after the final opens no new bubble", () => {
  const state = after(welcome(), sent("c1", 1), final("c1", 2), { type: "typing", re: "c1", data: {} });
  assert.deepEqual(displayed(state), ["said Hello", "answer Good morning."]);
});

test("a notice that it takes longer lasts until the next words, or the end", () => {
  /** @type {Frame<"progress">} */
  const slow = { type: "progress", re: "c1", data: {} };
  /** @type {Frame<"error">} */
  const failed = { type: "error", re: "c1", seq: 2, data: { code: "TIMEOUT", retryable: true, message: "Sorry" } };
  const words = delta("c1", 0, "Good");
  const isSlow = (/** @type {Frame[]} */ ...frames) => {
    const entry = after(welcome(), sent("c1", 1), ...frames).entries["answer-c1"];
    return entry?.kind === "answer" && entry.slow === true;
  };
  for (const frames of [[slow], [slow, slow], [words, slow]]) assert.ok(isSlow(...frames));
  for (const frames of [[], [words], [slow, words], [slow, final("c1", 2)], [slow, failed]]) {
    assert.ok(!isSlow(...frames));
  }
  for (const ended of [final("c1", 2), failed]) assert.ok(!isSlow(ended, slow));
});

test("a final without text takes away the draft: a person reads the message", () => {
  const state = after(welcome(), sent("c1", 1), { type: "typing", re: "c1", data: {} }, final("c1", 2, { text: "" }));
  assert.deepEqual(displayed(state), ["said Hello"]);
  assert.equal(awaitedMessageId(state), null);
});

test("an answer names the documents that it is from", () => {
  for (const [sources, shown] of [
    [["Prices"], ["Prices"]],
    [[], undefined],
    [undefined, undefined],
  ]) {
    const state = after(welcome(), sent("c1", 1), final("c1", 2, { text: "180 zł", sources }));
    const [, answer] = timeline(state);
    assert.deepEqual(answer?.kind === "answer" && answer.sources, shown);
  }
});

test("an action that this release does not know leaves the text as it is", () => {
  const text = "Our team knows.";
  const known = after(welcome(), final("h1", 1, { text }));
  const data = { text, actions: [{ type: "of a newer backend" }] };
  assert.deepEqual(displayed(after(welcome(), final("h1", 1, data))), displayed(known));
});

test("a stopped answer stays, even if it had not begun", () => {
  const state = after(welcome(), sent("c1", 1), final("c1", 2, { text: "", stopped: true }));
  assert.deepEqual(displayed(state), ["said Hello", "answer "]);
});

test("an answer that was cut can be continued, whatever cut it", () => {
  for (const [cut, expected] of /** @type {[string | undefined, boolean][]} */ ([
    [undefined, false],
    ["max_tokens", true],
    ["a reason of a newer backend", true],
  ])) {
    const state = after(welcome(), sent("c1", 1), final("c1", 2, { text: "Half", cut }));
    const [, entry] = timeline(state);
    assert.equal(entry?.kind === "answer" && entry.cut, expected);
  }
});

test("what a person of the business writes stands beside the assistant's answers", () => {
  const byHand = { ...final("", 3, { text: "This is Marta.", by: "human" }), re: undefined };
  const state = after(welcome(), sent("c1", 1), final("c1", 2), byHand);
  assert.deepEqual(displayed(state), ["said Hello", "answer Good morning.", "answer This is Marta."]);
});

test("another session empties the log but keeps what was not yet sent", () => {
  const state = after(
    welcome("s1"),
    ours("c1"),
    sent("c1", 1, "Old"),
    ours("c2", "chat.send", { text: "New" }),
    welcome("s2"),
  );
  assert.deepEqual(displayed(state), ["said New"]);
  assert.equal(state.lastSeq, 0);
});

test("a welcome back to the same session keeps the log", () => {
  const state = after(welcome("s1"), sent("c1", 1), welcome("s1"));
  assert.deepEqual(displayed(state), ["said Hello"]);
});

test("a refused message is marked, and the refusal stands after it", () => {
  const state = after(welcome(), ours("c1"), error("c1", "RATE_LIMITED", { retryable: true }));
  assert.deepEqual(displayed(state), ["said Hello", "refused RATE_LIMITED"]);
  assert.equal(state.entries.c1?.kind === "said" && state.entries.c1.state, "failed");
});

test("a message sent again under its id is no longer refused", () => {
  const state = after(welcome(), ours("c1"), error("c1", "RATE_LIMITED"), ours("c1"));
  assert.deepEqual(displayed(state), ["said Hello"]);
  assert.equal(state.outcomes.c1, undefined);
});

test("the final of a replay takes the place of the failure that it mends", () => {
  const failed = after(welcome(), ours("c1"), sent("c1", 1), error("c1", "INTERNAL", { seq: 2 }));
  assert.deepEqual(displayed(failed), ["said Hello", "refused INTERNAL"]);
  assert.deepEqual(displayed(reduce(failed, final("c1", 3))), ["said Hello", "answer Good morning."]);
});

test("a refused booking is old news once a later one has succeeded", () => {
  const refused = after(welcome(), ours("b1", "booking.create", {}), error("b1", "SLOT_TAKEN", { seq: 1 }));
  assert.deepEqual(displayed(refused), ["refused SLOT_TAKEN"]);
  assert.deepEqual(displayed(reduce(refused, booked("booking.pending", 2, { re: "b2" }))), ["appointment pending"]);
});

test("a command on a card is under way until its outcome, and a query is no such command", () => {
  const held = after(welcome(), booked("booking.pending", 1), ours("q1", "booking.lookup", { appointment_id: "a1" }));
  assert.equal(findCommandUnderWay(held, card(held)), null);
  const asked = reduce(held, ours("v1", "booking.verify", { appointment_id: "a1", code: "123456" }));
  assert.deepEqual(findCommandUnderWay(asked, card(asked)), { id: "v1", type: "booking.verify" });
  const ended = reduce(asked, booked("booking.confirmed", 2, { re: "v1" }));
  assert.equal(findCommandUnderWay(ended, card(ended)), null);
});

test("details that another tab asked for do not set a card back", () => {
  const moved = after(welcome(), booked("booking.rescheduled", 1, { start: "2026-11-25T10:00:00+01:00" }));
  const state = reduce(moved, details("asked-in-another-tab"));
  assert.equal(card(state).start, "2026-11-25T10:00:00+01:00");
});

test("an error that answers a query of another tab is not shown", () => {
  const before = after(welcome(), sent("c1", 1), booked("booking.pending", 2));
  /** @type {import("../../widget/types.d.ts").ErrorData["code"][]} */
  const codes = ["INTERNAL", "UNKNOWN_APPOINTMENT", "CODE_EXPIRED", "BAD_FRAME"];
  for (const code of codes) {
    const frame = error("asked-in-another-tab", code, { appointment_id: "a1" });
    assert.ok(isForAnotherTab(before, frame));
    assert.equal(reduce(before, frame), before);
  }
});

test("times that another tab asked for are not this tab's offer", () => {
  const slots = {
    type: /** @type {const} */ ("booking.slots"),
    re: "q1",
    data: { slots: [], time_zone: "Europe/Warsaw" },
  };
  assert.ok(isForAnotherTab(after(welcome()), slots));
  assert.ok(!isForAnotherTab(after(welcome(), ours("q1", "booking.slots", {})), slots));
});

test("a stored error is shown in every tab, and so is one about no command", () => {
  const stored = after(welcome(), sent("sent-in-another-tab", 1), error("sent-in-another-tab", "INTERNAL", { seq: 2 }));
  assert.deepEqual(displayed(stored), ["said Hello", "refused INTERNAL"]);
  const about = after(welcome(), error(undefined, "INTERNAL"));
  assert.deepEqual(displayed(about), ["refused INTERNAL"]);
});

test("details asked for before the latest change of a card do not set it back", () => {
  const asked = after(
    welcome(),
    booked("booking.confirmed", 1),
    ours("q1", "booking.lookup", { appointment_id: "a1" }),
  );
  const moved = reduce(asked, booked("booking.rescheduled", 2, { start: "2026-11-25T10:00:00+01:00" }));
  const state = reduce(moved, details("q1"));
  assert.equal(card(state).start, "2026-11-25T10:00:00+01:00");
});

test("a newer hold ends the one before, and leaves visits alone", () => {
  const held = after(
    welcome(),
    booked("booking.confirmed", 1, { appointment_id: "a1" }),
    booked("booking.pending", 2, { appointment_id: "a2" }),
    booked("booking.pending", 3, { appointment_id: "a2" }),
  );
  assert.deepEqual(displayed(held), ["appointment confirmed", "appointment pending"]);
  const state = reduce(held, booked("booking.pending", 4, { appointment_id: "a3" }));
  assert.deepEqual(displayed(state), ["appointment confirmed", "appointment lapsed", "appointment pending"]);
});

test("an error that answers no frame is on the card of its hold, and on no visit", () => {
  const unsent = /** @type {const} */ ({ appointment_id: "a1", other_contact_kinds: ["phone"], seq: 2 });
  const held = after(welcome(), booked("booking.pending", 1), error(undefined, "INTERNAL", unsent));
  assert.deepEqual(displayed(held), ["appointment pending"]);
  assert.deepEqual(card(held).problem?.other_contact_kinds, ["phone"]);
  const stands = after(welcome(), booked("booking.confirmed", 1), error(undefined, "INTERNAL", unsent));
  assert.deepEqual(displayed(stands), ["appointment confirmed"]);
  assert.equal(card(stands).problem, null);
});

test("the answer to a lookup is no news: the card keeps its place in the log", () => {
  const before = after(
    welcome(),
    booked("booking.confirmed", 1),
    sent("c1", 2),
    ours("q1", "booking.lookup", { appointment_id: "a1" }),
  );
  const state = reduce(before, details("q1", { state: "cancelled" }));
  assert.deepEqual(displayed(state), ["appointment cancelled", "said Hello"]);
});

test("a link allows its one purpose only, whatever else may be done with the visit", () => {
  const looked = after(welcome(), ours("q1", "booking.lookup", { link: "token" }, "cancel"), details("q1"));
  assert.deepEqual(looked.visits.a1, { cancel: true, move: false, link: "token" });
  const moving = after(welcome(), ours("q1", "booking.lookup", { link: "token" }, "move"), details("q1"));
  assert.deepEqual(moving.visits.a1, { cancel: false, move: true, link: "token" });
  const state = reduce(looked, booked("booking.confirmed", 1));
  assert.equal(card(state).may?.move, false);
});

test("an appointment that cannot be reached takes no more commands", () => {
  const asked = after(welcome(), booked("booking.pending", 1), ours("q1", "booking.lookup", { appointment_id: "a1" }));
  const state = reduce(asked, error("q1", "UNKNOWN_APPOINTMENT"));
  assert.equal(card(state).stage, "lapsed");
  assert.deepEqual(card(state).may, { cancel: false, move: false });
});

test("a query that timed out accepts a late answer", () => {
  const silent = after(welcome(), ours("q1", "booking.slots", {}), { local: "unanswered", id: "q1" });
  assert.equal(silent.outcomes.q1?.type, "unanswered");
  const slots = {
    type: /** @type {const} */ ("booking.slots"),
    re: "q1",
    data: { slots: [], time_zone: "Europe/Warsaw" },
  };
  assert.equal(reduce(silent, slots).outcomes.q1?.type, "booking.slots");
});

test("the state before stays as it was: reduce never writes into it", () => {
  const before = after(welcome(), ours("c1"), booked("booking.pending", 1));
  const copy = structuredClone(before);
  [sent("c1", 2), error("c1", "INTERNAL"), booked("booking.cancelled", 3), welcome("s2")].reduce(reduce, before);
  assert.deepEqual(before, copy);
});
