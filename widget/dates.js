/**
 * Says instants in the business's time zone and the visitor's language.
 */

const formats = new Map();

function format(locale, zone, options) {
  const key = JSON.stringify([locale, zone, options]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(tag(locale), { timeZone: zone, ...options }));
  return formats.get(key);
}

/** British English: days before months and the 24-hour clock, as everywhere around the business. */
function tag(locale) {
  return locale === "en" ? "en-GB" : locale;
}

/** "10:30" */
export function timeOf(instant, locale, zone) {
  return format(locale, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(instant));
}

/** "Tuesday, 24 November" */
export function dayOf(instant, locale, zone) {
  return format(locale, zone, { weekday: "long", day: "numeric", month: "long" }).format(new Date(instant));
}

/** The parts of a day's chip: `{ weekday: "Tue", day: "24", month: "Nov" }`. */
export function chipOf(instant, locale, zone) {
  const date = new Date(instant);
  return {
    weekday: format(locale, zone, { weekday: "short" }).format(date),
    day: format(locale, zone, { day: "numeric" }).format(date),
    month: format(locale, zone, { month: "short" }).format(date),
  };
}

/** "2026-11-24": the local date, as the protocol writes it. */
export function dateKey(instant, zone) {
  return format("sv", zone, { year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(instant));
}

/** The date so many days after a date, both as `2026-11-24`. */
export function addDays(key, days) {
  const date = new Date(`${key}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

export function visitorZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether two zones show another wall clock at this instant: only then is the zone worth a word. */
export function clocksDiffer(instant, zone, other = visitorZone()) {
  return timeOf(instant, "en", zone) !== timeOf(instant, "en", other) || dateKey(instant, zone) !== dateKey(instant, other);
}

/** "Central European Standard Time (Europe/Warsaw)" */
export function zoneName(instant, locale, zone) {
  const parts = format(locale, zone, { timeZoneName: "long" }).formatToParts(new Date(instant));
  const name = parts.find((part) => part.type === "timeZoneName")?.value;
  return name ? `${name}, ${zone}` : zone;
}

/** "4:05" until an instant, or null when it has passed. */
export function countdown(until, now = Date.now()) {
  const seconds = Math.ceil((new Date(until) - now) / 1000);
  if (!(seconds > 0)) return null;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
