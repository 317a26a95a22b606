/**
 * What the booking form begins with: what this tab has kept of it, and what was asked for since. Pure.
 */

/** @import { BookingRequest, FormDraft } from "./types.d.ts" */

/**
 * Return what was kept, without a time that is past or none.
 *
 * @param {string} text
 * @returns {Partial<FormDraft>}
 */
export function readDraft(text) {
  try {
    /** @type {FormDraft} */
    const draft = { ...JSON.parse(text) };
    return { ...draft, start: new Date(draft.start ?? "").getTime() > Date.now() ? draft.start : undefined };
  } catch {
    return {};
  }
}

/**
 * Return service, date and start to begin with: those of the draft where the request is about nothing else.
 *
 * @param {BookingRequest} request
 * @param {Partial<FormDraft>} draft
 * @returns {{ service?: string | null, date?: string | null, start?: string }}
 */
export function mergeDraft({ service, date, slot, held, appointment }, draft) {
  const wished = held ?? slot;
  const isOther = wished || date || (service && service !== draft.service);
  const isSameVisit = draft.appointment?.appointment_id === appointment?.appointment_id;
  if (!isOther && isSameVisit) return { ...draft, service: appointment?.service ?? draft.service };
  return { service: appointment?.service ?? wished?.service ?? service, date, start: wished?.start };
}
