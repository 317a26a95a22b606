/**
 * Chooses a free time: days to scroll through, and the times of the chosen day.
 */

import { addDays, formatChip, hasOtherClock, toDateKey, formatDay, formatTime, formatZone } from "../dates.js";
import { buildIcon, findFocused, h, isRightToLeft, setText, setVisible } from "../dom.js";
import { FieldProblem } from "./field-problem.js";
import { RadioGroup } from "./radio-group.js";

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
  /**
   * The last date on which a visit can be booked, once an answer has said it.
   *
   * @type {string | undefined}
   */
  #lastDate;
  /** @type {TimeRequest | null} */
  #request = null;
  /** Whether the visitor waits for later days. */
  #wantsMore = false;
  #days;
  #strip;
  #arrows;
  #times;
  #more;
  #note;
  #zoneNote;
  #timesLabel;
  #problem;

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
    this.#days = new RadioGroup({ class: "chips", "aria-label": t("day") }, (day) => this.#chooseDay(day));
    this.#times = new RadioGroup({ class: "times", "aria-label": t("time"), "data-testid": "times" }, (start) =>
      this.choose(/** @type {Slot} */ (this.#slots.get(new Date(start).getTime()))),
    );
    this.#problem = new FieldProblem(this.#times.node, "time-problem");
    this.#timesLabel = h("p", { class: "label day-label", "aria-live": "polite" });
    this.#more = h(
      "button",
      { class: "chip more", "data-testid": "later-days", onclick: () => this.#requestMore() },
      t("later"),
    );
    this.#strip = h(
      "div",
      {
        class: "days",
        "data-testid": "days",
        onwheel: (event) => this.#handleWheel(event),
        onscroll: () => this.#updateArrows(),
      },
      this.#days.node,
      this.#more,
    );
    // For a mouse: who has a keyboard uses its arrows, and who has a touch screen a finger.
    this.#arrows = [-1, 1].map((way) =>
      h(
        "button",
        {
          class: way < 0 ? "icon-button" : "icon-button onward",
          tabindex: "-1",
          "aria-hidden": "true",
          "data-testid": way < 0 ? "days-back" : "days-onward",
          onmousedown: (event) => event.preventDefault(), // The focus stays where it is.
          onclick: () => this.#scroll(way * this.#strip.clientWidth * 0.8, "smooth"),
        },
        buildIcon("back"),
      ),
    );
    this.#note = h("p", { class: "hint", role: "status", "data-testid": "times-note" });
    this.#zoneNote = h("p", { class: "hint", "data-testid": "zone-note" });
    this.node = h(
      "div",
      { class: "picker", hidden: true },
      h("div", { class: "strip-head" }, h("span", { class: "label", "aria-hidden": "true" }, t("day")), this.#arrows),
      this.#strip,
      this.#note,
      this.#timesLabel,
      this.#times.node,
      this.#problem.node,
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
    this.#wantsMore = false;
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
   * Take in an answer.
   *
   * @param {SlotsData} answer
   */
  add({ slots, time_zone: zone, next_from: nextFrom, last_date: lastDate }) {
    const known = new Set(this.#groupByDay().keys());
    this.#zone = zone;
    for (const slot of slots) this.#slots.set(new Date(slot.start).getTime(), slot);
    const next = nextFrom ?? addDays(this.#from ?? toDateKey(Date.now(), zone), DAYS_AT_ONCE);
    this.#lastDate = lastDate;
    this.#nextFrom = lastDate && next > lastDate ? null : next;
    this.#more.disabled = false;
    const isNew = this.#acceptAnswer();
    setText(this.#note, this.#describeEnd());
    this.#draw();
    if (isNew) this.#revealDay();
    if (this.#wantsMore) this.#continueAfter(known);
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
   * Choose a slot, also one that was offered elsewhere, among the others of its day.
   *
   * @param {Slot} slot
   */
  choose(slot) {
    const before = this.#day;
    this.#slots.set(new Date(slot.start).getTime(), slot);
    if (this.#zone) this.#day = toDateKey(slot.start, this.#zone);
    this.#pick(slot);
    this.#draw();
    if (this.#day !== before) this.#revealDay();
  }

  /** What the visitor has chosen so far, or what is looked for on their behalf. */
  get choice() {
    return { start: this.chosen?.start ?? this.#request?.start, date: this.#day ?? this.#request?.date };
  }

  /** Return whether a time is chosen; say so if none is. */
  check() {
    return this.#problem.show(this.chosen ? "" : this.#t("need_time"));
  }

  focusProblem() {
    this.#problem.reveal(this.#times.current ?? this.#days.current ?? this.#more);
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
    const before = this.#day;
    if (day && days.includes(day)) this.#day = day;
    else if (!this.#day || !days.includes(this.#day)) this.#day = days[0] ?? null;
    this.#request = null;
    return this.#day !== before;
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
    this.#days.update(
      [...days].map(([key, [first]]) => this.#describeDay(key, first)),
      this.#day,
    );
    setVisible(this.#more, this.#nextFrom !== null);
    const slots = days.get(this.#day ?? "") ?? [];
    this.#times.update(
      slots.map((slot) => this.#describeTime(slot)),
      this.chosen?.start,
    );
    const [first] = slots;
    setText(this.#timesLabel, first ? formatDay(first.start, this.#locale, zone) : "");
    const foreign = first && zone && hasOtherClock(first.start, zone);
    setText(this.#zoneNote, foreign ? this.#t("zone", { zone: formatZone(first.start, this.#locale, zone) }) : "");
    this.#updateArrows();
  }

  /** What there is to say below the days: that none is free, and when the last one is that can be booked. */
  #describeEnd() {
    const ends = this.#nextFrom === null && this.#lastDate;
    return [
      !this.#slots.size && this.#t("no_times"),
      ends && this.#t("booked_until", { until: formatDay(`${ends}T12:00Z`, this.#locale, "UTC") }),
    ]
      .filter(Boolean)
      .join(" ");
  }

  #requestMore() {
    if (!this.#nextFrom) return;
    this.#wantsMore = true;
    this.#onMore(this.#nextFrom);
  }

  /**
   * Go on at the first of the later days: the button that was pressed may be gone, and stood behind them.
   *
   * @param {Set<string>} known
   */
  #continueAfter(known) {
    this.#wantsMore = false;
    const focused = findFocused(this.node);
    const later = this.#days.buttons.find(({ dataset }) => !known.has(dataset.value ?? ""));
    if (!focused || focused === this.#more) (later ?? this.#days.current)?.focus({ preventScroll: true });
    if (later) this.#center(later);
  }

  /** @param {string} day */
  #chooseDay(day) {
    this.#day = day;
    this.#pick(null);
    this.#draw();
  }

  #revealDay() {
    const day = this.#days.current;
    if (day) this.#center(day);
  }

  /**
   * Scroll the strip alone: `scrollIntoView` would scroll the form, too.
   *
   * @param {HTMLElement} day
   */
  #center(day) {
    const [chip, strip] = [day.getBoundingClientRect(), this.#strip.getBoundingClientRect()];
    this.#strip.scrollLeft += chip.left + chip.width / 2 - strip.left - strip.width / 2;
  }

  /**
   * Scroll towards the later days, wherever they are.
   *
   * @param {number} by In pixels.
   * @param {ScrollBehavior} behavior
   */
  #scroll(by, behavior) {
    this.#strip.scrollBy({ left: isRightToLeft(this.#strip) ? -by : by, behavior });
  }

  /**
   * A wheel that turns one way only scrolls the strip, up to its ends.
   *
   * @param {WheelEvent} event
   */
  #handleWheel(event) {
    const { deltaX, deltaY } = event;
    if (Math.abs(deltaX) > Math.abs(deltaY) || this.#arrows[deltaY < 0 ? 0 : 1]?.matches(":disabled")) return;
    event.preventDefault();
    this.#scroll(deltaY, "instant");
  }

  /** An arrow is there for days that are out of sight. */
  #updateArrows() {
    const { scrollLeft, scrollWidth, clientWidth } = this.#strip;
    const [back, onward] = /** @type {[HTMLButtonElement, HTMLButtonElement]} */ (this.#arrows);
    back.disabled = Math.abs(scrollLeft) < 1;
    onward.disabled = Math.abs(scrollLeft) + clientWidth > scrollWidth - 2;
  }

  /**
   * @param {string} key
   * @param {Slot} slot
   */
  #describeDay(key, slot) {
    const { weekday, day, month } = formatChip(slot.start, this.#locale, this.#zone);
    const content = [
      h("span", { class: "weekday" }, weekday),
      " ",
      h("span", { class: "number" }, day),
      " ",
      h("span", { class: "month" }, month),
    ];
    return { value: key, class: "chip day", testid: "day", content };
  }

  /** @param {Slot} slot */
  #describeTime(slot) {
    const text = formatTime(slot.start, this.#locale, this.#zone);
    const kind = text.length > "10:30".length ? "chip time wide" : "chip time";
    return { value: slot.start, class: kind, testid: "time", content: [text] };
  }

  /** @param {Slot | null} slot */
  #pick(slot) {
    this.chosen = slot;
    if (slot) this.#problem.show("");
    this.#onPick();
  }
}
