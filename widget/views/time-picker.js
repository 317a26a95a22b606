/**
 * Chooses a free time: days to scroll through, and the times of the chosen day.
 */

import { addDays, formatChip, hasOtherClock, toDateKey, formatDay, formatTime, formatZone } from "../dates.js";
import { findFocused, h, setText, setVisible } from "../dom.js";

/** @import { Slot, SlotsData, TimeRequest } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export const DAYS_AT_ONCE = 14;
/** @type {Map<string, [Slot, ...Slot[]]>} */
const NO_DAYS = new Map();

export class TimePicker {
  #t;
  #locale;
  #onMore;
  #onPick;
  /** @type {Map<number, Slot>} By the instant of their start. */
  #slots = new Map();
  /** @type {string | undefined} */
  #zone;
  /** @type {string | null} */
  #day = null;
  /** @type {string | null} */
  #from = null;
  /** @type {string | null} */
  #nextFrom = null;
  /** @type {TimeRequest | null} */
  #request = null;
  #days;
  #times;
  #more;
  #note;
  #zoneNote;
  #timesLabel;

  /** @type {Slot | null} */
  chosen = null;

  /**
   * `onMore(from)` requests the days from that date on; `onPick()` is called after the choice has changed.
   *
   * @param {Context} context
   * @param {{ onMore: (from: string) => void, onPick: () => void }} options
   */
  constructor({ t, locale }, { onMore, onPick }) {
    this.#t = t;
    this.#locale = locale;
    this.#onMore = onMore;
    this.#onPick = onPick;
    this.#days = h("div", { class: "days", role: "group", "aria-label": t("day"), "data-testid": "days" });
    this.#times = h("div", { class: "times", role: "group", "aria-label": t("time"), "data-testid": "times" });
    this.#timesLabel = h("p", { class: "label day-label", "aria-live": "polite" });
    this.#more = h(
      "button",
      { type: "button", class: "chip more", "data-testid": "later-days", onclick: () => this.#requestMore() },
      t("later"),
    );
    this.#note = h("p", { class: "hint", role: "status", "data-testid": "times-note" });
    this.#zoneNote = h("p", { class: "hint", "data-testid": "zone-note" });
    this.node = h(
      "div",
      { class: "picker", hidden: true },
      this.#days,
      this.#note,
      this.#timesLabel,
      this.#times,
      this.#zoneNote,
    );
  }

  /**
   * Forget everything and wait for an answer that begins at `from` (a date, or null for today).
   *
   * @param {string | null} from
   * @param {{ request?: TimeRequest | null }} options
   */
  startWaiting(from, { request = null } = {}) {
    this.#slots.clear();
    this.#day = null;
    this.#nextFrom = null; // Later days of something else must not be offered if this fails.
    this.#request = request;
    this.#pick(null);
    this.waitForMore(from);
  }

  /**
   * Wait for an answer that begins at `from`, also when the query is repeated.
   *
   * @param {string | null} from
   */
  waitForMore(from) {
    this.#from = from;
    setVisible(this.node, true);
    this.#more.disabled = true;
    setText(this.#note, this.#t("loading_times"));
    this.#draw();
  }

  /**
   * Take in an answer. Where it stops short of the days asked for, the next query begins on its last day.
   *
   * @param {SlotsData} answer
   */
  add({ slots, time_zone: zone }) {
    this.#zone = zone;
    for (const slot of slots) this.#slots.set(new Date(slot.start).getTime(), slot);
    const from = this.#from ?? toDateKey(Date.now(), zone);
    const lastSlot = slots.at(-1);
    const last = lastSlot ? toDateKey(lastSlot.start, zone) : from;
    this.#nextFrom = last > from ? last : addDays(from, DAYS_AT_ONCE);
    this.#more.disabled = false;
    this.#acceptAnswer();
    setText(this.#note, this.#slots.size ? "" : this.#t("no_times"));
    this.#draw();
  }

  showFailure() {
    this.#more.disabled = false;
    this.#nextFrom ??= this.#from;
    setText(this.#note, "");
  }

  hide() {
    this.#pick(null);
    setVisible(this.node, false);
  }

  /**
   * Choose a slot that was offered elsewhere, among the others of its day.
   *
   * @param {Slot} slot
   */
  choose(slot) {
    this.#slots.set(new Date(slot.start).getTime(), slot);
    if (this.#zone) this.#day = toDateKey(slot.start, this.#zone);
    this.#pick(slot);
    this.#draw();
  }

  focus() {
    (this.#times.querySelector("button") ?? this.#days.querySelector("button"))?.focus();
  }

  /** Fulfil the request (`{ date }` or `{ start }`) if it is free; else begin at the first free day. */
  #acceptAnswer() {
    const held = this.#request?.held;
    if (held) this.#slots.set(new Date(held.start).getTime(), held);
    const at = this.#request?.start ? new Date(this.#request.start).getTime() : null;
    const wished = at === null ? undefined : this.#slots.get(at);
    if (wished) this.#pick(wished);
    const day = wished ? toDateKey(wished.start, this.#zone) : this.#request?.date;
    const days = [...this.#groupByDay().keys()];
    if (day && days.includes(day)) this.#day = day;
    else if (!this.#day || !days.includes(this.#day)) this.#day = days[0] ?? null;
    this.#request = null;
  }

  #listSlots() {
    return [...this.#slots.entries()].sort(([a], [b]) => a - b).map(([, slot]) => slot);
  }

  #groupByDay() {
    /** @type {Map<string, [Slot, ...Slot[]]>} */
    const days = new Map();
    for (const slot of this.#listSlots()) {
      const key = toDateKey(slot.start, this.#zone);
      const known = days.get(key);
      days.set(key, known ? [...known, slot] : [slot]);
    }
    return days;
  }

  #draw() {
    const zone = this.#zone;
    const days = zone ? this.#groupByDay() : NO_DAYS;
    const chips = [...days].map(([key, [first]]) => this.#buildDayChip(key, first));
    const scrolled = this.#days.scrollLeft;
    replaceButtons(this.#days, this.#nextFrom ? [...chips, this.#more] : chips);
    this.#days.scrollLeft = scrolled;
    const slots = days.get(this.#day ?? "") ?? [];
    replaceButtons(
      this.#times,
      slots.map((slot) => this.#buildTimeButton(slot)),
    );
    const [first] = slots;
    setText(this.#timesLabel, first ? formatDay(first.start, this.#locale, zone) : "");
    const foreign = first && zone && hasOtherClock(first.start, zone);
    setText(this.#zoneNote, foreign ? this.#t("zone", { zone: formatZone(first.start, this.#locale, zone) }) : "");
  }

  #requestMore() {
    if (this.#nextFrom) this.#onMore(this.#nextFrom);
  }

  /**
   * @param {string} key
   * @param {Slot} slot
   */
  #buildDayChip(key, slot) {
    const { weekday, day, month } = formatChip(slot.start, this.#locale, this.#zone);
    return h(
      "button",
      {
        type: "button",
        class: "chip day",
        "data-testid": "day",
        "data-value": key,
        "aria-pressed": String(key === this.#day),
        onclick: () => {
          this.#day = key;
          this.#pick(null);
          this.#draw();
        },
      },
      h("span", { class: "weekday" }, weekday),
      " ",
      h("span", { class: "number" }, day),
      " ",
      h("span", { class: "month" }, month),
    );
  }

  /** @param {Slot} slot */
  #buildTimeButton(slot) {
    const chosen = this.chosen?.start === slot.start;
    const text = formatTime(slot.start, this.#locale, this.#zone);
    return h(
      "button",
      {
        type: "button",
        class: text.length > "10:30".length ? "chip time wide" : "chip time",
        "data-testid": "time",
        "data-value": slot.start,
        "aria-pressed": String(chosen),
        onclick: () => {
          this.#pick(slot);
          this.#draw();
        },
      },
      text,
    );
  }

  /** @param {Slot | null} slot */
  #pick(slot) {
    this.chosen = slot;
    this.#onPick();
  }
}

/**
 * Replace the buttons and give the focus back to the one that had it.
 *
 * @param {HTMLElement} container
 * @param {HTMLElement[]} buttons
 */
function replaceButtons(container, buttons) {
  const focused = findFocused(container)?.getAttribute("data-value");
  container.replaceChildren(...buttons);
  if (focused) buttons.find((button) => button.dataset.value === focused)?.focus();
}
