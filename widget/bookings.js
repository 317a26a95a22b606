/**
 * What happens to an appointment's card when a frame about it arrives. Pure.
 *
 * A card's `stage` is `pending` (a code is awaited), `taken` (the code was right, but the time is gone: another
 * one is to be chosen), `confirmed`, `cancelled` or `lapsed`. Its `may` says what can be done: `{ cancel, move,
 * link }`, the `link` being the token that stands for the appointment where it is not of this conversation.
 */

const STAGES = {
  "booking.pending": "pending",
  "booking.confirmed": "confirmed",
  "booking.rescheduled": "confirmed",
  "booking.cancelled": "cancelled",
};
const STAGES_OF_STATES = { held: "pending", confirmed: "confirmed", cancelled: "cancelled" };
const NOTHING = Object.freeze({ cancel: false, move: false });

const CODES_OF_A_HOLD = new Set(["CODE_INVALID", "CODE_EXPIRED", "TOO_MANY_ATTEMPTS"]);
const CODES_THAT_END_A_HOLD = new Set(["CODE_EXPIRED", "TOO_MANY_ATTEMPTS", "UNKNOWN_APPOINTMENT"]);
const CODES_THAT_TAKE_THE_TIME = new Set(["SLOT_TAKEN", "INVALID_TIME"]);
const COMMANDS_ON_THE_CARD = new Set(["booking.verify", "booking.resend", "booking.cancel", "booking.reschedule"]);

/** Whether something may still come of the card: those are worth a look at how they stand. */
export function isOpen({ kind, stage, start, end }, now = Date.now()) {
  return kind === "appointment" && (awaitsVisitor(stage) || stage === "confirmed") && new Date(end ?? start) > now;
}

/** How a command names the card's appointment. */
export function referTo({ appointment_id: id, may }) {
  return may?.link ? { link: may.link } : { appointment_id: id };
}

/** Whether a command is about the card's appointment. */
export function concerns({ data }, { appointment_id: id, may }) {
  return data.appointment_id === id || (Boolean(may?.link) && data.link === may.link);
}

/**
 * Return the card after a frame; it moves to the place of the latest thing that happened to it. `visit` is what
 * a link has told about an appointment that had no card.
 */
export function applyBooking(card, { type, seq, data }, visit = null) {
  const moved = type === "booking.rescheduled";
  return {
    ...card,
    ...data,
    kind: "appointment",
    key: `appointment-${data.appointment_id}`,
    stage: STAGES[type],
    moved,
    by: data.by ?? "visitor",
    was: moved && card && !sameTime(card, data) ? card.start : null,
    codes: (card?.codes ?? 0) + (type === "booking.pending" ? 1 : 0),
    may: card ? (card.may?.link ? card.may : null) : visit,
    problem: null,
    seq: seq ?? card?.seq,
  };
}

/** Return the card as the server says that the appointment stands; what has ended stays as it is. */
export function applyDetails(card, { state, start, end, ics, expires_at: expiresAt, ...data }, may) {
  if (!awaitsVisitor(card.stage) && card.stage !== "confirmed") return card;
  const awaited = awaitsVisitor(card.stage);
  const stage =
    awaited && state === "held" ? card.stage : awaited && state === "cancelled" ? "lapsed" : STAGES_OF_STATES[state];
  const elsewhere = !sameTime(card, { start });
  return {
    ...card,
    start,
    end,
    service: data.service,
    ics: ics ?? card.ics,
    expires_at: expiresAt ?? card.expires_at,
    stage,
    moved: card.moved || (stage === "confirmed" && elsewhere),
    was: elsewhere ? card.start : card.was,
    may: may ?? card.may,
    problem: stage === card.stage ? card.problem : null,
  };
}

/** Return the card of an appointment that this conversation cannot reach (any more). */
export function applyUnknown(card) {
  return {
    ...card,
    stage: awaitsVisitor(card.stage) ? "lapsed" : card.stage,
    may: card.may?.link ? card.may : NOTHING,
  };
}

/** Whether an error is told on the appointment's own card rather than in the log. */
export function isAboutAppointment(error, command) {
  return command
    ? COMMANDS_ON_THE_CARD.has(command.type)
    : Boolean(error.appointment_id) || CODES_OF_A_HOLD.has(error.code);
}

/**
 * Return the card with its problem, or null when no card fits. After a reload we no longer know the command; an
 * error about a code then belongs to the hold that was open at that moment, and a move of a visit that stands
 * came to nothing: no word is lost about it (the card comes back as it was).
 */
export function applyBookingError(entries, command, error) {
  const cards = Object.values(entries).filter((entry) => entry.kind === "appointment");
  const card = command
    ? cards.find((entry) => concerns(command, entry))
    : cards.findLast((entry) =>
        error.appointment_id ? entry.appointment_id === error.appointment_id : awaitsVisitor(entry.stage),
      );
  if (!card) return null;
  if (!command && !awaitsVisitor(card.stage)) return card;
  return { ...card, stage: stageAfter(card.stage, command, error), problem: error, heard: command?.type ?? null };
}

function stageAfter(stage, command, { code }) {
  if (!awaitsVisitor(stage)) return stage;
  if (CODES_THAT_END_A_HOLD.has(code)) return "lapsed";
  return CODES_THAT_TAKE_THE_TIME.has(code) ? "taken" : stage;
}

function awaitsVisitor(stage) {
  return stage === "pending" || stage === "taken";
}

function sameTime(one, other) {
  return new Date(one.start) - new Date(other.start) === 0;
}
