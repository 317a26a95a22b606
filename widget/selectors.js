/**
 * What the views read from the conversation's state: the timeline and what is under way. Pure.
 */

import { isAboutCard, isQuery } from "./bookings.js";

/** @import { AppointmentEntry, Entry, RefusalEntry, State } from "./types.d.ts" */

const BOOKING_CODES = new Set(["SLOT_TAKEN", "INVALID_TIME", "INVALID_CONTACT", "UNKNOWN_SERVICE"]);

/**
 * Return the entries in the order of the log: durable entries by `seq`, refusals where they happened, then what is under way.
 *
 * @param {State} state
 */
export function timeline(state) {
  const last = (/** @type {Entry} */ entry) => entry.seq ?? entry.after ?? Number.MAX_SAFE_INTEGER;
  return Object.values(state.entries)
    .filter((entry) => entry.kind !== "refusal" || !isOvercome(state, entry))
    .sort((a, b) => last(a) - last(b) || a.order - b.order);
}

/**
 * Return the id of the message that the assistant still has to answer, or null.
 *
 * @param {State} state
 */
export function awaitedMessageId(state) {
  const open = Object.values(state.entries).filter(
    (entry) => entry.kind === "said" && entry.state !== "pending" && !(entry.re && state.outcomes[entry.re]),
  );
  return open.sort((a, b) => b.order - a.order)[0]?.re ?? null;
}

/**
 * Whether a command about a booking takes longer than usual; a slow answer says so in the log.
 *
 * @param {State} state
 */
export function hasSlowCommand(state) {
  return Object.entries(state.commands).some(([id, command]) => command.slow === true && !state.outcomes[id]);
}

/**
 * Return the command about a card's appointment that has not ended yet, as `{ id, type }`, or null.
 *
 * @param {State} state
 * @param {AppointmentEntry} card
 */
export function findCommandUnderWay(state, card) {
  const open = Object.entries(state.commands).find(
    ([id, command]) => !isQuery(command) && isAboutCard(command, card) && !state.outcomes[id],
  );
  return open ? { id: open[0], type: open[1].type } : null;
}

/**
 * Whether a later booking has succeeded: then a refusal is not displayed any more.
 *
 * @param {State} state
 * @param {RefusalEntry} refusal
 */
function isOvercome(state, refusal) {
  return Object.values(state.entries).some(
    (entry) => entry.kind === "appointment" && entry.touched > refusal.touched && isAboutBooking(refusal),
  );
}

/** @param {RefusalEntry} refusal */
function isAboutBooking({ command, error }) {
  return command ? command.type.startsWith("booking.") : BOOKING_CODES.has(error.code);
}
