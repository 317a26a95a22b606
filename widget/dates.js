/**
 * Says instants in the business's time zone and the visitor's language.
 */

/** @typedef {string | number | Date} Instant */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * @param {string} locale
 * @param {string | undefined} zone The visitor's own if undefined.
 * @param {Intl.DateTimeFormatOptions} options
 */
function getFormat(locale, zone, options) {
  const key = JSON.stringify([locale, zone, options]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(toFormatTag(locale), { timeZone: zone, ...options });
  formats.set(key, known);
  return known;
}

/**
 * British English: days before months and the 24-hour clock, as everywhere around the business.
 *
 * @param {string} locale
 */
function toFormatTag(locale) {
  return locale === "en" ? "en-GB" : locale;
}

/**
 * "10:30"; of an hour that the clocks show twice that night, its offset says which one is meant: "02:30 (GMT+01:00)".
 *
 * @param {Instant} instant
 * @param {string} locale
 * @param {string | undefined} zone
 */
export function formatTime(instant, locale, zone) {
  const text = formatClock(instant, locale, zone);
  return isAmbiguous(instant, zone) ? `${text} (${formatOffset(instant, zone)})` : text;
}

/**
 * @param {Instant} instant
 * @param {string} locale
 * @param {string | undefined} zone
 */
function formatClock(instant, locale, zone) {
  return getFormat(locale, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(instant));
}

/**
 * The wall clock, so that equal texts are equal readings: "2026-11-24T10:30".
 *
 * @param {Instant} instant
 * @param {string | undefined} zone
 */
function formatWallClock(instant, zone) {
  return `${toDateKey(instant, zone)}T${formatClock(instant, "sv", zone)}`;
}

/** Clocks go back by an hour nearly everywhere, by half of one on Lord Howe, by two at Troll and by three at Casey. */
const GOING_BACK_MINUTES = [30, 60, 120, 180];

/**
 * @param {Instant} instant
 * @param {string | undefined} zone
 */
function isAmbiguous(instant, zone) {
  const wall = formatWallClock(instant, zone);
  const at = new Date(instant).getTime();
  return GOING_BACK_MINUTES.some((by) =>
    [-by, by].some((minutes) => formatWallClock(at + minutes * 60_000, zone) === wall),
  );
}

/**
 * "GMT+02:00", as in e-mails.
 *
 * @param {Instant} instant
 * @param {string | undefined} zone
 */
function formatOffset(instant, zone) {
  const minutes = Math.round((Date.parse(`${formatWallClock(instant, zone)}Z`) - new Date(instant).getTime()) / 60_000);
  const [hours, rest] = [Math.abs(minutes) / 60, Math.abs(minutes) % 60].map((part) =>
    String(Math.trunc(part)).padStart(2, "0"),
  );
  return `GMT${minutes < 0 ? "-" : "+"}${hours}:${rest}`;
}

/**
 * "Tuesday, 24 November"
 *
 * @param {Instant} instant
 * @param {string} locale
 * @param {string | undefined} zone
 */
export function formatDay(instant, locale, zone) {
  return getFormat(locale, zone, { weekday: "long", day: "numeric", month: "long" }).format(new Date(instant));
}

/**
 * "Today", "Yesterday" or "Tuesday, 24 November", with the year if it is another one, where the visitor is.
 *
 * @param {Instant} instant
 * @param {string} locale
 */
export function formatPastDay(instant, locale, now = Date.now()) {
  const [day, today] = [toDateKey(instant, undefined), toDateKey(now, undefined)];
  if (day === today || day === addDays(today, -1)) {
    const words = new Intl.RelativeTimeFormat(toFormatTag(locale), { numeric: "auto" });
    const text = words.format(day === today ? 0 : -1, "day");
    return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
  }
  const year = day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  const format = getFormat(locale, undefined, { weekday: "long", day: "numeric", month: "long", year });
  return format.format(new Date(instant));
}

/**
 * The parts of a day's chip: `{ weekday: "Tue", day: "24", month: "Nov" }`.
 *
 * @param {Instant} instant
 * @param {string} locale
 * @param {string | undefined} zone
 */
export function formatChip(instant, locale, zone) {
  const date = new Date(instant);
  return {
    weekday: getFormat(locale, zone, { weekday: "short" }).format(date),
    day: getFormat(locale, zone, { day: "numeric" }).format(date),
    month: getFormat(locale, zone, { month: "short" }).format(date),
  };
}

/**
 * "2026-11-24": the local date, as the protocol writes it.
 *
 * @param {Instant} instant
 * @param {string | undefined} zone
 */
export function toDateKey(instant, zone) {
  return getFormat("sv", zone, { year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(instant));
}

/**
 * The date so many days after a date, both as `2026-11-24`.
 *
 * @param {string} key
 * @param {number} days
 */
export function addDays(key, days) {
  const date = new Date(`${key}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

export function getVisitorZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Whether two zones show another wall clock at this instant: only then is the zone worth a word.
 *
 * @param {Instant} instant
 * @param {string | undefined} zone
 */
export function hasOtherClock(instant, zone, other = getVisitorZone()) {
  return formatWallClock(instant, zone) !== formatWallClock(instant, other);
}

/**
 * "Central European Standard Time (Europe/Warsaw)"
 *
 * @param {Instant} instant
 * @param {string} locale
 * @param {string} zone
 */
export function formatZone(instant, locale, zone) {
  const parts = getFormat(locale, zone, { timeZoneName: "long" }).formatToParts(new Date(instant));
  const name = parts.find((part) => part.type === "timeZoneName")?.value;
  return name ? `${name}, ${zone}` : zone;
}

/**
 * "4:05" until an instant, or null when it has passed.
 *
 * @param {Instant} until
 */
export function formatCountdown(until, now = Date.now()) {
  const seconds = Math.ceil((new Date(until).getTime() - now) / 1000);
  if (!(seconds > 0)) return null;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
