/**
 * Hands an appointment's calendar file to the browser as a download.
 */

import { h } from "./dom.js";

const KEPT_FOR_MS = 10_000;

/**
 * Save `ics` as `<name>-2026-11-24.ics`, the date being the one on the business's wall at `start`.
 *
 * @param {string} ics
 * @param {{ name: string, start: string, beside: HTMLElement }} options
 */
export function saveCalendarFile(ics, { name, start, beside }) {
  const address = URL.createObjectURL(new Blob([ics], { type: "text/calendar;charset=utf-8" }));
  const link = h("a", { href: address, download: `${name}-${start.slice(0, 10)}.ics`, hidden: true });
  beside.append(link); // Not every browser follows a link that stands nowhere.
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_FOR_MS);
}
