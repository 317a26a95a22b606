/** Frames as the server and the widget send them, with what a test does not care about filled in. */

/** @import { BookedData, CommandData, CommandFrame, DetailsData, Frame, LocalFrame } from "../../widget/types.d.ts" */

export const START = "2026-11-24T10:00:00+01:00";
export const END = "2026-11-24T11:00:00+01:00";

/**
 * @param {string} session
 * @returns {Frame<"welcome">}
 */
export function welcome(session = "s1") {
  return {
    type: "welcome",
    data: { session_id: session, session: "token", resume: "new", disclosure: "You talk to an AI." },
  };
}

/**
 * @param {string} re
 * @param {number} seq
 * @param {string} text
 * @returns {Frame<"chat.sent">}
 */
export function sent(re, seq, text = "Hello") {
  return { type: "chat.sent", re, seq, data: { text } };
}

/**
 * @param {string} re
 * @param {number} offset
 * @param {string} text
 * @returns {Frame<"chat.delta">}
 */
export function delta(re, offset, text) {
  return { type: "chat.delta", re, data: { offset, text } };
}

/**
 * @param {string} re
 * @param {number} seq
 * @param {Partial<Frame<"chat.final">["data"]>} data
 * @returns {Frame<"chat.final">}
 */
export function final(re, seq, data = {}) {
  return { type: "chat.final", re, seq, data: { text: "Good morning.", ...data } };
}

/**
 * @template {"booking.pending" | "booking.confirmed" | "booking.rescheduled" | "booking.cancelled"} Type
 * @param {Type} type
 * @param {number} seq
 * @param {Partial<BookedData> & { re?: string }} data
 */
export function booked(type, seq, { re, ...data } = {}) {
  return { type, re, seq, data: { appointment_id: "a1", start: START, end: END, service: "massage", ...data } };
}

/**
 * @param {string} re
 * @param {Partial<DetailsData>} data
 * @returns {Frame<"booking.details">}
 */
export function details(re, data = {}) {
  return {
    type: "booking.details",
    re,
    data: {
      appointment_id: "a1",
      state: "confirmed",
      start: START,
      end: END,
      service: "massage",
      service_name: "Massage",
      time_zone: "Europe/Warsaw",
      contact: "a***@example.com",
      can_cancel: true,
      can_reschedule: true,
      ...data,
    },
  };
}

/**
 * @param {string | undefined} re
 * @param {Frame<"error">["data"]["code"]} code
 * @param {{ seq?: number, retryable?: boolean, appointment_id?: string }} rest
 * @returns {Frame<"error">}
 */
export function error(re, code, { seq, retryable = false, ...data } = {}) {
  return { type: "error", re, seq, data: { code, retryable, message: `Refused: ${code}`, ...data } };
}

/**
 * @param {string} id
 * @param {string} type
 * @param {CommandData} data
 * @returns {CommandFrame}
 */
export function command(id, type = "chat.send", data = { text: "Hello" }) {
  return { v: 1, type, id, data };
}

/**
 * The frame by which the conversation hears of our own command.
 *
 * @param {string} id
 * @param {string} type
 * @param {CommandData} data
 * @param {string} [purpose]
 * @returns {LocalFrame}
 */
export function ours(id, type = "chat.send", data = { text: "Hello" }, purpose = undefined) {
  return { local: "command", frame: command(id, type, data), purpose };
}
