/**
 * What happens to an appointment's card when a frame about it arrives. Pure.
 *
 * A card's `stage` is `pending` (a code is awaited), `taken` (the code was right, but the time is gone: another
 * one is to be chosen), `confirmed`, `cancelled` or `lapsed`. Its `may` says what can be done: `{ cancel, move,
 * link }`, the `link` being the token that stands for the appointment where it is not of this conversation.
 */

/** @import { AppointmentEntry, BookedFrame, Command, DetailsData, Entry, ErrorData, Outcome, Permissions, Stage, Unplaced } from "./types.d.ts" */

/** @type {Record<BookedFrame["type"], Stage>} */
const STAGES = {
  "booking.pending": "pending",
  "booking.confirmed": "confirmed",
  "booking.rescheduled": "confirmed",
  "booking.cancelled": "cancelled",
};
/** @type {Record<DetailsData["state"], Stage>} */
const STAGES_OF_STATES = { held: "pending", confirmed: "confirmed", cancelled: "cancelled" };
const NOTHING = Object.freeze({ cancel: false, move: false });

const HOLD_ERROR_CODES = new Set(["CODE_INVALID", "CODE_EXPIRED", "TOO_MANY_ATTEMPTS"]);
const HOLD_ENDING_ERROR_CODES = new Set(["CODE_EXPIRED", "TOO_MANY_ATTEMPTS", "UNKNOWN_APPOINTMENT"]);
const CODES_THAT_TAKE_THE_TIME = new Set(["SLOT_TAKEN", "INVALID_TIME"]);
const QUERIES = new Set(["booking.slots", "booking.lookup"]);
const COMMANDS_ON_THE_CARD = new Set(["booking.verify", "booking.resend", "booking.cancel", "booking.reschedule"]);

/**
 * Whether the card's appointment may still change: these are looked up again.
 *
 * @param {Entry} entry
 * @returns {entry is AppointmentEntry}
 */
export function isOpen(entry, now = Date.now()) {
  if (entry.kind !== "appointment") return false;
  const { stage, start, end } = entry;
  return (isAwaitingVisitor(stage) || stage === "confirmed") && new Date(end ?? start).getTime() > now;
}

/**
 * Whether the contact is a telephone number: then the code comes in a text message. Frames of older servers do not say
 * so; the masked contact does.
 *
 * @param {Pick<AppointmentEntry, "contact" | "contact_kind">} card
 */
export function hasPhone({ contact, contact_kind: kind }) {
  return kind ? kind === "phone" : Boolean(contact) && !contact?.includes("@");
}

/**
 * How a command names the card's appointment.
 *
 * @param {{ appointment_id: string, may?: Partial<Permissions> | null }} card
 */
export function buildReference({ appointment_id: id, may }) {
  return may?.link ? { link: may.link } : { appointment_id: id };
}

/**
 * Whether a command is a query: it changes nothing, has no ack, and its answer is not stored.
 *
 * @param {Pick<Command, "type">} command
 */
export function isQuery({ type }) {
  return QUERIES.has(type);
}

/**
 * Whether a command is about the card's appointment.
 *
 * @param {Pick<Command, "data">} command
 * @param {{ appointment_id: string, may?: Partial<Permissions> | null }} card
 */
export function isAboutCard({ data }, { appointment_id: id, may }) {
  return data.appointment_id === id || (Boolean(may?.link) && data.link === may?.link);
}

/**
 * Return the card after a frame; it moves to the position of its latest change. `visit` is what a link allows
 * with an appointment that had no card.
 *
 * @param {AppointmentEntry | undefined} card
 * @param {BookedFrame} frame
 * @param {Permissions | null} visit
 * @returns {Unplaced<AppointmentEntry>}
 */
export function applyBooking(card, { type, seq, data }, visit = null) {
  const moved = type === "booking.rescheduled";
  const may = card ? card.may : visit;
  return {
    ...card,
    ...data,
    kind: "appointment",
    key: `appointment-${data.appointment_id}`,
    stage: STAGES[type],
    moved,
    by: data.by ?? "visitor",
    was: moved && card && !isSameTime(card, data) ? card.start : null,
    change_until: data.change_until,
    codes: (card?.codes ?? 0) + (type === "booking.pending" && !data.code_late ? 1 : 0),
    code_late: data.code_late,
    may: may?.link ? may : null,
    problem: null,
    seq: seq ?? card?.seq,
  };
}

/**
 * Return the card as the server says that the appointment stands; what has ended stays as it is.
 *
 * @param {AppointmentEntry} card
 * @param {DetailsData} details
 * @param {Permissions | null} may
 * @returns {AppointmentEntry}
 */
export function applyDetails(card, { state, start, end, ics, expires_at: expiresAt, ...data }, may) {
  if (!isAwaitingVisitor(card.stage) && card.stage !== "confirmed") return card;
  const stage = decideStageAfterDetails(card.stage, state);
  const elsewhere = !isSameTime(card, { start });
  return {
    ...card,
    start,
    end,
    service: data.service,
    ics: ics ?? card.ics,
    expires_at: expiresAt ?? card.expires_at,
    change_until: data.change_until,
    stage,
    moved: card.moved || (stage === "confirmed" && elsewhere),
    was: elsewhere ? card.start : card.was,
    may: may ?? card.may,
    problem: stage === card.stage ? card.problem : null,
  };
}

/**
 * @param {Stage} stage
 * @param {DetailsData["state"]} state
 * @returns {Stage}
 */
function decideStageAfterDetails(stage, state) {
  if (isAwaitingVisitor(stage) && state === "held") return stage;
  if (isAwaitingVisitor(stage) && state === "cancelled") return "lapsed";
  return STAGES_OF_STATES[state];
}

/**
 * Return the card of an appointment that this conversation cannot reach (any more).
 *
 * @param {AppointmentEntry} card
 * @returns {AppointmentEntry}
 */
export function applyUnknown(card) {
  return {
    ...card,
    stage: isAwaitingVisitor(card.stage) ? "lapsed" : card.stage,
    may: card.may?.link ? card.may : NOTHING,
  };
}

/**
 * Whether an error is shown on the appointment's own card rather than in the log.
 *
 * @param {ErrorData} error
 * @param {Command | undefined} command
 */
export function isAboutAppointment(error, command) {
  return command
    ? COMMANDS_ON_THE_CARD.has(command.type)
    : Boolean(error.appointment_id) || HOLD_ERROR_CODES.has(error.code);
}

/**
 * Return the card with its problem, or null when no card fits. After a reload we no longer know the command; an
 * error about a code then belongs to the hold that was open at that moment, and a move of a visit that stands
 * came to nothing: no word is lost about it (the card comes back as it was).
 *
 * @param {Record<string, Entry>} entries
 * @param {Command | undefined} command
 * @param {ErrorData} error
 * @returns {AppointmentEntry | null}
 */
export function applyBookingError(entries, command, error) {
  const cards = Object.values(entries).filter((entry) => entry.kind === "appointment");
  const card = command
    ? cards.find((entry) => isAboutCard(command, entry))
    : cards.findLast((entry) =>
        error.appointment_id ? entry.appointment_id === error.appointment_id : isAwaitingVisitor(entry.stage),
      );
  if (!card) return null;
  if (!command && !isAwaitingVisitor(card.stage)) return card;
  return {
    ...card,
    stage: decideStageAfterError(card.stage, command, error),
    problem: error,
    heard: command?.type ?? null,
  };
}

/**
 * @param {Stage} stage
 * @param {Command | undefined} command
 * @param {ErrorData} error
 * @returns {Stage}
 */
function decideStageAfterError(stage, command, { code }) {
  if (!isAwaitingVisitor(stage)) return stage;
  if (HOLD_ENDING_ERROR_CODES.has(code)) return "lapsed";
  return CODES_THAT_TAKE_THE_TIME.has(code) ? "taken" : stage;
}

/**
 * Whether the time is held while the visitor has something to do.
 *
 * @param {Stage} stage
 */
export function isAwaitingVisitor(stage) {
  return stage === "pending" || stage === "taken";
}

/**
 * @param {{ start: string }} one
 * @param {{ start: string }} other
 */
function isSameTime(one, other) {
  return new Date(one.start).getTime() === new Date(other.start).getTime();
}

/** @param {Outcome} outcome */
export function findAppointmentId({ data }) {
  return data && "appointment_id" in data ? data.appointment_id : undefined;
}
