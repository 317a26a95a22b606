/**
 * What every view knows of the page and the conversation, and what it may do with them.
 */

import { referTo } from "./bookings.js";
import { nameOf } from "./offer.js";
import { stringsFor } from "./strings.js";

/**
 * Return the context for views made now. `chat()` and `log()` are asked for each time, as the conversation may
 * change under the views; `closeForm` and `closeVisit` take the id of the appointment to go on with, if there is one.
 */
export function contextFor({ element, chat, log, closeForm, closeVisit }) {
  const { locale } = element;
  const command = (type, data) => chat()?.command(type, data) ?? null;
  const offer = () => chat()?.offer(locale); // As last heard: now, or on an earlier page.
  return {
    t: stringsFor(locale),
    locale,
    business: element.getAttribute("business") ?? "",
    suggestions: (element.getAttribute("suggestions") ?? "")
      .split("|")
      .map((text) => text.trim())
      .filter(Boolean),
    connected: () => chat()?.connectionState === "open",
    welcomes: () => chat()?.welcomes ?? 0,
    zone: () => offer()?.time_zone,
    services: () => offer()?.services ?? [],
    contactKinds: () => offer()?.contact_kinds ?? [],
    serviceName: (id) => nameOf(id, offer()),
    actions: {
      say: (text) => {
        command("chat.send", { text });
        log().toEnd();
      },
      stop: () => chat()?.stopAnswer(),
      again: (id, refused, how) => chat()?.again(id, refused, how),
      book: (wish) => element.book(wish),
      closeForm,
      closeVisit,
      ask: (data, options) => chat()?.ask("booking.slots", data, options) ?? null,
      lookUp: (data, options) => chat()?.ask("booking.lookup", data, options) ?? null,
      dropQuestion: (topic = "booking.slots") => chat()?.dropQuestion(topic),
      create: (data) => command("booking.create", data),
      verify: (id, code) => command("booking.verify", { appointment_id: id, code }),
      resend: (id) => command("booking.resend", { appointment_id: id }),
      cancel: (appointment) => command("booking.cancel", referTo(appointment)),
      move: (appointment, start) => command("booking.reschedule", { ...referTo(appointment), start }),
    },
  };
}
