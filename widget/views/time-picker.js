/**
 * Chooses a free time: days to scroll through, and the times of the chosen day.
 */

import { addDays, chipOf, clocksDiffer, dateKey, dayOf, timeOf, zoneName } from "../dates.js";
import { h, say, show } from "../dom.js";

export const DAYS_AT_ONCE = 14;

export class TimePicker {
  #t;
  #locale;
  #onMore;
  #onPick;
  #slots = new Map();
  #zone;
  #day = null;
  #from = null;
  #nextFrom = null;
  #wish = null;
  #days;
  #times;
  #more;
  #note;
  #zoneNote;
  #timesLabel;

  /** The chosen slot, or null. */
  chosen = null;

  /** `onMore(from)` asks for the days from that date on; `onPick()` tells that the choice changed. */
  constructor({ t, locale }, { onMore, onPick }) {
    this.#t = t;
    this.#locale = locale;
    this.#onMore = onMore;
    this.#onPick = onPick;
    this.#days = h("div", { class: "days", role: "group", "aria-label": t.day, "data-testid": "days" });
    this.#times = h("div", { class: "times", role: "group", "aria-label": t.time, "data-testid": "times" });
    this.#timesLabel = h("p", { class: "label day-label", "aria-live": "polite" });
    this.#more = h(
      "button",
      { type: "button", class: "chip more", "data-testid": "later-days", onclick: () => this.#onMore(this.#nextFrom) },
      t.later,
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

  /** Forget everything and wait for an answer that begins at `from` (a date, or null for today). */
  wait(from, { wish = null } = {}) {
    this.#slots.clear();
    this.#day = this.#nextFrom = null; // Later days of something else must not be offered if this fails.
    this.#wish = wish;
    this.#pick(null);
    this.waitForMore(from);
  }

  /** Wait for an answer that begins at `from`, also when it is asked for once more. */
  waitForMore(from) {
    this.#from = from;
    show(this.node, true);
    this.#more.disabled = true;
    say(this.#note, this.#t.loadingTimes);
    this.#draw();
  }

  /** Take in an answer. Where it stops short of the days asked for, the next question begins on its last day. */
  add({ slots, time_zone: zone }) {
    this.#zone = zone;
    for (const slot of slots) this.#slots.set(new Date(slot.start).getTime(), slot);
    const from = this.#from ?? dateKey(Date.now(), zone);
    const last = slots.length ? dateKey(slots.at(-1).start, zone) : from;
    this.#nextFrom = last > from ? last : addDays(from, DAYS_AT_ONCE);
    this.#more.disabled = false;
    this.#settle();
    say(this.#note, this.#slots.size ? "" : this.#t.noTimes);
    this.#draw();
  }

  failed() {
    this.#more.disabled = false;
    this.#nextFrom ??= this.#from;
    say(this.#note, "");
  }

  hide() {
    this.#pick(null);
    show(this.node, false);
  }

  /** Choose a slot that was offered elsewhere, among the others of its day. */
  choose(slot) {
    this.#slots.set(new Date(slot.start).getTime(), slot);
    if (this.#zone) this.#day = dateKey(slot.start, this.#zone);
    this.#pick(slot);
    this.#draw();
  }

  focus() {
    (this.#times.querySelector("button") ?? this.#days.querySelector("button"))?.focus();
  }

  /** Fulfil the wish (`{ date }` or `{ start }`) if it is free; else begin at the first free day. */
  #settle() {
    const slots = this.#ordered();
    const wished = this.#wish?.start && slots.find((slot) => new Date(slot.start) - new Date(this.#wish.start) === 0);
    if (wished) this.#pick(wished);
    const day = wished ? dateKey(wished.start, this.#zone) : this.#wish?.date;
    const days = [...this.#byDay().keys()];
    if (day && days.includes(day)) this.#day = day;
    else if (!days.includes(this.#day)) this.#day = days[0] ?? null;
    this.#wish = null;
  }

  #ordered() {
    return [...this.#slots.entries()].sort(([a], [b]) => a - b).map(([, slot]) => slot);
  }

  #byDay() {
    const days = new Map();
    for (const slot of this.#ordered()) {
      const key = dateKey(slot.start, this.#zone);
      days.set(key, [...(days.get(key) ?? []), slot]);
    }
    return days;
  }

  #draw() {
    const days = this.#zone ? this.#byDay() : new Map();
    const scrolled = this.#days.scrollLeft;
    this.#redraw(this.#days, [
      ...[...days].map(([key, slots]) => this.#chip(key, slots[0])),
      this.#nextFrom && this.#more,
    ]);
    this.#days.scrollLeft = scrolled;
    const slots = days.get(this.#day) ?? [];
    this.#redraw(
      this.#times,
      slots.map((slot) => this.#timeButton(slot)),
    );
    say(this.#timesLabel, slots.length ? dayOf(slots[0].start, this.#locale, this.#zone) : "");
    const first = slots[0];
    const foreign = first !== undefined && clocksDiffer(first.start, this.#zone);
    say(this.#zoneNote, foreign ? this.#t.zone(zoneName(first.start, this.#locale, this.#zone)) : "");
  }

  /** Replace the buttons and give the focus back to the one that had it. */
  #redraw(container, nodes) {
    const focused = container.getRootNode().activeElement?.dataset?.value;
    container.replaceChildren(...nodes.filter(Boolean));
    if (focused) [...container.children].find((node) => node.dataset.value === focused)?.focus();
  }

  #chip(key, slot) {
    const { weekday, day, month } = chipOf(slot.start, this.#locale, this.#zone);
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

  #timeButton(slot) {
    const chosen = this.chosen?.start === slot.start;
    const text = timeOf(slot.start, this.#locale, this.#zone);
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

  #pick(slot) {
    this.chosen = slot;
    this.#onPick();
  }
}
