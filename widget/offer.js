/**
 * What the business offers, put together from the answers that contain it. Pure.
 */

/** @import { Frame, Offer, Service } from "./types.d.ts" */

/**
 * Return the offer after a `booking.slots` or `booking.details` frame: `services` (in full), `names` (of single
 * services, by id), `time_zone`, `contact_kinds` (`email`, `phone`), and the business's address, telephone number and
 * deadline for changes.
 *
 * @param {Offer | null} known
 * @param {Frame<"booking.slots" | "booking.details">} frame
 * @returns {Offer}
 */
export function mergeOffer(known, { type, data }) {
  /** @type {Offer} */
  const before = { services: [], names: {}, contact_kinds: ["email"], ...known };
  if (type === "booking.details") {
    return { ...before, time_zone: data.time_zone, names: { ...before.names, [data.service]: data.service_name } };
  }
  return {
    ...before,
    time_zone: data.time_zone,
    address: data.address,
    phone: data.phone,
    ...(data.services?.length && { services: data.services }),
    ...(data.contact_kinds?.length && { contact_kinds: data.contact_kinds }),
    change_deadline_hours: data.change_deadline_hours,
    cancellation_fee: data.cancellation_fee,
  };
}

/**
 * Return the service's price as the business writes it, or an empty string.
 *
 * @param {string} id
 * @param {Offer | null | undefined} known
 */
export function findPrice(id, known) {
  return known?.services?.find((service) => service.id === id)?.price ?? "";
}

/**
 * Return the service's name, or its id made readable where no answer has named it: "deep-tissue" -> "Deep tissue".
 *
 * @param {string} id
 * @param {Offer | null | undefined} known
 */
export function findServiceName(id, known) {
  const words = String(id).replaceAll("-", " ");
  return (
    known?.services?.find((service) => service.id === id)?.name ??
    known?.names?.[id] ??
    words.charAt(0).toUpperCase() + words.slice(1)
  );
}

/**
 * @param {Service[]} services
 * @param {string} id
 */
export function findQuestions(services, id) {
  return services.find((service) => service.id === id)?.questions ?? [];
}
