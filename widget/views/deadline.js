/**
 * What a visit's deadline for changes says to the visitor.
 */

import { formatDay, formatTime } from "../dates.js";

/** @import { Context } from "../context.js" */

/**
 * Return until when the visit can or could be changed; nothing where that is its start, or where it has begun.
 *
 * @param {{ start: string, change_until?: string }} visit
 * @param {Pick<Context, "t" | "locale" | "zone">} context
 */
export function describeDeadline({ start, change_until: until }, { t, locale, zone }, now = Date.now()) {
  if (!until || new Date(start).getTime() <= now) return "";
  const at = { until: `${formatDay(until, locale, zone())}, ${formatTime(until, locale, zone())}` };
  return new Date(until).getTime() > now ? t("change_until", at) : t("change_ended", at);
}
