import assert from "node:assert/strict";
import { test } from "node:test";

import {
  applyBooking,
  applyBookingError,
  applyDetails,
  applyUnknown,
  isAboutCard,
  hasPhone,
  isAboutAppointment,
  isOpen,
  buildReference,
} from "../../widget/bookings.js";
import { END, START, booked, details } from "./frames.js";

/** @import { AppointmentEntry, Command, ErrorData, Stage } from "../../widget/types.d.ts" */

const LATER = "2026-11-25T10:00:00+01:00";

/** @param {Partial<AppointmentEntry>} fields */
function cardWith(fields = {}) {
  const made = applyBooking(undefined, booked("booking.pending", 1, { contact: "a***@example.com" }), null);
  return { ...made, order: 0, touched: 0, ...fields };
}

/**
 * @param {ErrorData["code"]} code
 * @param {Partial<ErrorData>} fields
 * @returns {ErrorData}
 */
const refusal = (code, fields = {}) => ({ code, retryable: false, message: code, ...fields });

/**
 * @param {string} type
 * @param {Command["data"]} data
 * @returns {Command}
 */
const commandOf = (type, data = { appointment_id: "a1" }) => ({ type, data, order: 1 });

test("each booking frame brings its stage", () => {
  /** @type {[Parameters<typeof booked>[0], Stage][]} */
  const stages = [
    ["booking.pending", "pending"],
    ["booking.confirmed", "confirmed"],
    ["booking.rescheduled", "confirmed"],
    ["booking.cancelled", "cancelled"],
  ];
  for (const [type, stage] of stages) assert.equal(applyBooking(undefined, booked(type, 1), null).stage, stage, type);
});

test("a second hold of the same appointment counts its codes, and the old problem is forgotten", () => {
  const before = cardWith({ problem: refusal("CODE_INVALID") });
  const after = applyBooking(before, booked("booking.pending", 2), null);
  assert.equal(after.codes, 2);
  assert.equal(after.problem, null);
});

test("the deadline for changes goes with the time that the server says last", () => {
  const confirmed = applyBooking(undefined, booked("booking.confirmed", 1, { change_until: START }), null);
  const card = { ...confirmed, order: 0, touched: 0 };
  assert.equal(card.change_until, START);
  assert.equal(applyBooking(card, booked("booking.rescheduled", 2, { start: LATER }), null).change_until, undefined);
  assert.equal(applyDetails(card, details("q1", { change_until: LATER }).data, null).change_until, LATER);
  assert.equal(applyDetails(card, details("q1").data, null).change_until, undefined);
});

test("a move remembers the time before; a confirmation at the same time does not", () => {
  const before = cardWith({ stage: "confirmed" });
  assert.equal(applyBooking(before, booked("booking.rescheduled", 2, { start: LATER }), null).was, START);
  assert.equal(applyBooking(before, booked("booking.confirmed", 2, { start: LATER }), null).was, null);
});

test("the same instant under another offset is no other time", () => {
  const before = cardWith({ stage: "confirmed" });
  const after = applyBooking(before, booked("booking.rescheduled", 2, { start: "2026-11-24T09:00:00Z" }), null);
  assert.equal(after.was, null);
});

test("who changed a visit is the visitor unless the frame says otherwise", () => {
  assert.equal(applyBooking(undefined, booked("booking.cancelled", 1), null).by, "visitor");
  assert.equal(applyBooking(undefined, booked("booking.cancelled", 1, { by: "business" }), null).by, "business");
});

test("a card that a link brought keeps the link; another card needs none after its next frame", () => {
  const link = { cancel: true, move: false, link: "token" };
  assert.deepEqual(applyBooking(undefined, booked("booking.confirmed", 1), link).may, link);
  assert.deepEqual(applyBooking(cardWith({ may: link }), booked("booking.confirmed", 2), null).may, link);
  const limitPermissions = cardWith({ may: { cancel: false, move: false } });
  assert.equal(applyBooking(limitPermissions, booked("booking.confirmed", 2), null).may, null);
});

test("details follow what the calendar knows: confirmed, moved, cancelled", () => {
  const confirmed = cardWith({ stage: "confirmed" });
  const moved = applyDetails(confirmed, details("q", { start: LATER }).data, null);
  assert.deepEqual([moved.start, moved.was, moved.moved], [LATER, START, true]);
  assert.equal(applyDetails(confirmed, details("q", { state: "cancelled" }).data, null).stage, "cancelled");
});

test("a hold that was released is lapsed, not cancelled: nothing had been confirmed", () => {
  assert.equal(applyDetails(cardWith(), details("q", { state: "cancelled" }).data, null).stage, "lapsed");
});

test("a hold whose time was filled stays so while the server still holds the appointment", () => {
  const filled = cardWith({ stage: "taken", problem: refusal("SLOT_TAKEN") });
  const after = applyDetails(filled, details("q", { state: "held" }).data, null);
  assert.equal(after.stage, "taken");
  assert.equal(after.problem?.code, "SLOT_TAKEN");
});

test("details do not bring back what has ended", () => {
  for (const stage of /** @type {Stage[]} */ (["cancelled", "lapsed"])) {
    const ended = cardWith({ stage });
    assert.equal(applyDetails(ended, details("q").data, null), ended);
  }
});

test("an unreachable appointment keeps a link's permissions and loses its own", () => {
  assert.deepEqual(applyUnknown(cardWith({ stage: "confirmed" })).may, { cancel: false, move: false });
  const link = { cancel: true, move: false, link: "token" };
  assert.deepEqual(applyUnknown(cardWith({ may: link })).may, link);
});

test("an error about a code ends or keeps the hold, by its code", () => {
  /** @type {[ErrorData["code"], Stage][]} */
  const stages = [
    ["CODE_INVALID", "pending"],
    ["CODE_EXPIRED", "lapsed"],
    ["TOO_MANY_ATTEMPTS", "lapsed"],
    ["UNKNOWN_APPOINTMENT", "lapsed"],
    ["SLOT_TAKEN", "taken"],
    ["INVALID_TIME", "taken"],
    ["INTERNAL", "pending"],
  ];
  for (const [code, stage] of stages) {
    const card = applyBookingError({ card: cardWith() }, commandOf("booking.verify"), refusal(code));
    assert.equal(card?.stage, stage, code);
  }
});

test("an error never ends a visit that stands", () => {
  const card = applyBookingError(
    { card: cardWith({ stage: "confirmed" }) },
    commandOf("booking.cancel"),
    refusal("UNKNOWN_APPOINTMENT"),
  );
  assert.equal(card?.stage, "confirmed");
  assert.equal(card?.heard, "booking.cancel");
});

test("an error without its command belongs to the latest open hold", () => {
  const first = cardWith({ key: "appointment-a1", stage: "lapsed" });
  const open = cardWith({ key: "appointment-a2", appointment_id: "a2" });
  const card = applyBookingError({ first, open }, undefined, refusal("CODE_INVALID"));
  assert.equal(card?.appointment_id, "a2");
});

test("an error that names its appointment is put nowhere else", () => {
  const open = cardWith();
  const error = refusal("CODE_INVALID", { appointment_id: "a9" });
  assert.equal(applyBookingError({ open }, undefined, error), null);
});

test("an error of a forgotten command leaves a visit that stands as it was", () => {
  const visit = cardWith({ stage: "confirmed" });
  assert.equal(applyBookingError({ visit }, undefined, refusal("INVALID_TIME", { appointment_id: "a1" })), visit);
});

test("errors of commands on a card are told there, those of the form are not", () => {
  assert.equal(isAboutAppointment(refusal("INTERNAL"), commandOf("booking.verify")), true);
  assert.equal(isAboutAppointment(refusal("SLOT_TAKEN"), commandOf("booking.create", {})), false);
  assert.equal(isAboutAppointment(refusal("CODE_INVALID"), undefined), true);
  assert.equal(isAboutAppointment(refusal("SLOT_TAKEN"), undefined), false);
});

test("a card is worth a look while it is open and has not ended", () => {
  const now = Date.parse(START);
  assert.equal(isOpen(cardWith(), now), true);
  assert.equal(isOpen(cardWith({ stage: "confirmed" }), Date.parse(END)), false);
  assert.equal(isOpen(cardWith({ stage: "cancelled" }), now), false);
  assert.equal(isOpen({ kind: "said", key: "c", text: "", state: "sent", order: 0, touched: 0 }, now), false);
});

test("a command names an appointment by its link where there is one, and is matched by either", () => {
  const own = cardWith();
  const linked = cardWith({ may: { cancel: true, move: false, link: "token" } });
  assert.deepEqual(buildReference(own), { appointment_id: "a1" });
  assert.deepEqual(buildReference(linked), { link: "token" });
  assert.equal(isAboutCard({ data: { link: "token" } }, linked), true);
  assert.equal(isAboutCard({ data: { link: "token" } }, own), false);
  assert.equal(isAboutCard({ data: {} }, cardWith({ may: { cancel: true, move: true } })), false);
});

test("the server says whether the code goes to a telephone", () => {
  assert.equal(hasPhone({ contact: "+48 *** 78", contact_kind: "phone" }), true);
  assert.equal(hasPhone({ contact: "a*** 78", contact_kind: "email" }), false);
  assert.equal(hasPhone({ contact: "a***@example.com", contact_kind: "phone" }), true);
});

test("an older server's masked contact says it", () => {
  assert.equal(hasPhone({ contact: "+48 *** 78" }), true);
  assert.equal(hasPhone({ contact: "a***@example.com" }), false);
  assert.equal(hasPhone({}), false);
});
