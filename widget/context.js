/**
 * What every view reads from the page and the conversation, and the actions that it has.
 */

import { buildReference } from "./bookings.js";
import { findPrice, findServiceName } from "./offer.js";
import { addStyles } from "./style-sheet.js";

/** @import { Appointment, BookingRequest, Command, CommandData, Contact, ContactKind, Service, Venue, Verdict } from "./types.d.ts" */
/** @import { Chat } from "./chat.js" */
/** @import { StrideChat } from "./stride-chat.js" */
/** @import { Texts } from "./texts.js" */

/** @typedef {ReturnType<typeof buildContext>} Context */

/**
 * Return the context for views made now. `chat()` and `log()` are asked for each time, as the conversation may
 * change under the views; `closeForm` and `closeVisit` take the id of the appointment to go on with, if there is one.
 *
 * @param {{
 *   element: Pick<StrideChat, "locale" | "getAttribute" | "book" | "shadowRoot">,
 *   t: Texts,
 *   chat: () => Chat | null,
 *   log: () => { scrollToEnd: () => void } | null,
 *   closeForm: (appointmentId?: string) => void,
 *   closeVisit: (appointmentId?: string) => void,
 *   loadPart: <Part>(load: () => Promise<Part>) => Promise<Part | null>,
 * }} page
 */
export function buildContext({ element, t, chat, log, closeForm, closeVisit, loadPart }) {
  const { locale } = element;
  const command = (/** @type {string} */ type, /** @type {CommandData} */ data) =>
    chat()?.sendCommand(type, data) ?? null;
  const offer = () => chat()?.findOffer(locale); // From the latest answer: of this page, or of an earlier one.
  return {
    t,
    locale,
    /** Import what few visitors use: `await loadPart(() => import("./views/menu.js"))`; null where that fails, which is said. */
    loadPart,
    addStyles: (/** @type {string} */ css) => addStyles(element.shadowRoot, css),
    business: element.getAttribute("business") ?? "",
    suggestions: (element.getAttribute("suggestions") ?? "")
      .split("|")
      .map((text) => text.trim())
      .filter(Boolean),
    connection: () => chat()?.connectionState ?? "idle",
    connected: () => chat()?.connectionState === "open",
    limited: () => chat()?.isLimited === true,
    welcomes: () => chat()?.welcomes ?? 0,
    zone: () => offer()?.time_zone,
    /** @returns {Service[]} */
    services: () => offer()?.services ?? [],
    /** @returns {ContactKind[]} */
    contactKinds: () => offer()?.contact_kinds ?? [],
    changeDeadlineHours: () => offer()?.change_deadline_hours ?? 0,
    cancellationFee: () => offer()?.cancellation_fee ?? "",
    /** @returns {Venue} */
    venue: () => ({ address: offer()?.address, phone: offer()?.phone }),
    /**
     * How to reach the business without us: as its profile says, or as the page does while that was never heard.
     *
     * @returns {Contact}
     */
    contact: () => ({
      phone: chat()?.contact.phone ?? offer()?.phone ?? element.getAttribute("phone") ?? undefined,
      email: chat()?.contact.email ?? element.getAttribute("email") ?? undefined,
    }),
    findDraft: (/** @type {string} */ name) => chat()?.store.findDraft(name) ?? "",
    /**
     * @param {string} name
     * @param {string} text
     */
    keepDraft: (name, text) => chat()?.store.keepDraft(name, text),
    price: (/** @type {string} */ id) => findPrice(id, offer()),
    serviceName: (/** @type {string} */ id) => findServiceName(id, offer()),
    actions: {
      checkConnection: () => chat()?.checkConnection(),
      requestTranscript: () => {
        command("transcript.request", {});
        log()?.scrollToEnd();
      },
      endSession: () => command("session.end", {}),
      say: (/** @type {string} */ text) => {
        command("chat.send", { text });
        log()?.scrollToEnd();
      },
      stop: () => chat()?.stopAnswer(),
      askPerson: (/** @type {CommandData} */ data) => command("handover.request", data),
      /**
       * @param {number} seq
       * @param {Verdict} verdict
       */
      judge: (seq, verdict, reason = "") =>
        command("chat.feedback", { re_seq: seq, verdict, ...(reason && { reason }) }),
      /**
       * @param {string} id
       * @param {Pick<Command, "type" | "data">} refused
       * @param {{ ended: boolean }} how
       */
      again: (id, refused, how) => chat()?.sendAgain(id, refused, how),
      book: (/** @type {BookingRequest} */ request) => element.book(request),
      closeForm,
      closeVisit,
      /**
       * @param {CommandData} data
       * @param {{ id?: string }} options
       */
      querySlots: (data, options) => chat()?.sendQuery("booking.slots", data, options) ?? null,
      /**
       * @param {CommandData} data
       * @param {{ id?: string, topic?: string, purpose?: string }} options
       */
      queryVisit: (data, options) => chat()?.sendQuery("booking.lookup", data, options) ?? null,
      dropQuery: (topic = "booking.slots") => chat()?.dropQuery(topic),
      cancelProof: (/** @type {string} */ id) => chat()?.cancelProof(id),
      create: (/** @type {CommandData} */ data) => command("booking.create", data),
      /**
       * @param {string} id
       * @param {string} code
       */
      verify: (id, code) => command("booking.verify", { appointment_id: id, code }),
      resend: (/** @type {string} */ id) => command("booking.resend", { appointment_id: id }),
      cancel: (/** @type {Pick<Appointment, "appointment_id" | "may">} */ appointment) =>
        command("booking.cancel", buildReference(appointment)),
      /**
       * @param {Pick<Appointment, "appointment_id" | "may">} appointment
       * @param {string} start
       */
      move: (appointment, start) => command("booking.reschedule", { ...buildReference(appointment), start }),
    },
  };
}
