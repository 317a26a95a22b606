/**
 * What happens to an appointment's card when a frame about it arrives. Pure.
 */

const STAGES = {
  "booking.pending": "pending",
  "booking.confirmed": "confirmed",
  "booking.rescheduled": "confirmed",
  "booking.cancelled": "cancelled",
};

const CODES_OF_A_HOLD = new Set(["CODE_INVALID", "CODE_EXPIRED", "TOO_MANY_ATTEMPTS"]);
const CODES_THAT_END_A_HOLD = new Set(["CODE_EXPIRED", "TOO_MANY_ATTEMPTS", "UNKNOWN_APPOINTMENT"]);
const COMMANDS_ON_THE_CARD = new Set(["booking.verify", "booking.resend", "booking.cancel"]);

/** Return the card after a frame; it moves to the place of the latest thing that happened to it. */
export function applyBooking(card, { type, seq, data }) {
  return {
    ...card,
    ...data,
    kind: "appointment",
    key: `appointment-${data.appointment_id}`,
    stage: STAGES[type],
    moved: type === "booking.rescheduled",
    codes: (card?.codes ?? 0) + (type === "booking.pending" ? 1 : 0),
    problem: null,
    seq: seq ?? card?.seq,
  };
}

/** Whether an error is told on the appointment's own card rather than in the log. */
export function isAboutAppointment(code, command) {
  return command ? COMMANDS_ON_THE_CARD.has(command.type) : CODES_OF_A_HOLD.has(code);
}

/**
 * Return the card with its problem, or null when no card fits. After a reload we no longer know the command;
 * an error about a code then belongs to the hold that was open at that moment.
 */
export function applyBookingError(entries, command, error) {
  const cards = Object.values(entries).filter((entry) => entry.kind === "appointment");
  const card = command
    ? cards.find((entry) => entry.appointment_id === command.data.appointment_id)
    : cards.findLast((entry) => entry.stage === "pending");
  if (!card) return null;
  const over = card.stage === "pending" && CODES_THAT_END_A_HOLD.has(error.code);
  return { ...card, stage: over ? "lapsed" : card.stage, problem: error };
}
