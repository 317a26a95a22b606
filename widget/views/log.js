/**
 * The list of everything said and done, as nodes that keep their place and identity between updates.
 */

import { h, buildIcon, setText, setVisible } from "../dom.js";
import { timeline } from "../selectors.js";
import { Announcement } from "./announcement.js";
import { AppointmentCard } from "./appointment.js";
import { formatPastDay, toDateKey } from "../dates.js";
import { AnswerBubble, RefusalNote, VisitorBubble } from "./messages.js";

/** @import { Entry, EntryView, State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** @type {Record<Entry["kind"], new (context: Context) => EntryView<any>>} */
const VIEWS = {
  said: VisitorBubble,
  answer: AnswerBubble,
  announcement: Announcement,
  appointment: AppointmentCard,
  refusal: RefusalNote,
};
const NEAR_THE_END_PX = 90;

/** Says on which day the messages after it were written. */
class DateHeading {
  node = h("p", { class: "date", "data-testid": "date" });

  /** @param {Context} context */
  constructor({ locale }) {
    this.locale = locale;
  }

  /**
   * @param {Entry} entry
   * @param {State} state
   */
  update({ seq }, { times }) {
    setText(this.node, formatPastDay(times[seq ?? 0] ?? "", this.locale));
  }
}

export class Log {
  #context;
  #list;
  /** @type {Map<string, EntryView>} */
  #views = new Map();
  #newest;
  #greeting;
  #disclosure;
  #typing;
  #typist = h("span", { class: "unseen" });
  #progress = h("p", { class: "progress", "data-testid": "progress", role: "status" });

  /** @param {Context} context */
  constructor(context) {
    const { t, suggestions, actions } = context;
    this.#context = context;
    this.#disclosure = h("p", { class: "disclosure", "data-testid": "disclosure", hidden: true });
    this.#greeting = h(
      "div",
      { class: "greeting" },
      h("p", { class: "greeting-text" }, t("greeting")),
      h(
        "div",
        { class: "suggestions" },
        suggestions.map((text) =>
          h("button", { class: "suggestion", "data-testid": "suggestion", onclick: () => actions.say(text) }, text),
        ),
      ),
    );
    // Screen readers hear entries as they are added; a growing answer is held back until it is whole.
    this.#list = h("div", {
      class: "entries",
      role: "log",
      "aria-live": "polite",
      "aria-label": t("log"),
      "data-testid": "log",
    });
    this.#typing = h(
      "div",
      { class: "typing", "data-testid": "typing", role: "status", hidden: true },
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      this.#typist,
    );
    this.scroller = h(
      "div",
      { class: "scroller", part: "log", tabindex: "0", "aria-label": t("log"), role: "group" },
      this.#disclosure,
      this.#greeting,
      this.#list,
      this.#typing,
      // Never hidden: a screen reader speaks a text that is put into an element it knows.
      this.#progress,
    );
    this.#newest = h(
      "button",
      {
        class: "newest",
        "aria-label": t("newest"),
        "data-testid": "newest",
        hidden: true,
        onclick: () => this.scrollToEnd(),
      },
      buildIcon("down"),
    );
    this.scroller.addEventListener("scroll", () => setVisible(this.#newest, !this.#isAtEnd()), { passive: true });
    this.node = h("div", { class: "log" }, this.scroller, this.#newest);
  }

  /**
   * @param {State} state
   * @param {string | null} awaitedId
   */
  update(state, awaitedId) {
    const stay = this.#isAtEnd();
    const entries = timeline(state);
    this.#disclosure.textContent = state.disclosure;
    setVisible(this.#disclosure, Boolean(state.disclosure));
    setVisible(this.#greeting, entries.length === 0 && state.lastSeq === 0);
    this.#arrangeViews(entries, state);
    const answer = state.entries[`answer-${awaitedId}`];
    setVisible(this.#typing, state.typing || (awaitedId !== null && !hasText(answer)));
    setText(this.#typist, state.typing ? nameTypist(state, this.#context.t) : this.#context.t("typing"));
    setText(this.#progress, isSlow(answer) ? this.#context.t("progress") : "");
    if (stay) this.scrollToEnd();
    else setVisible(this.#newest, true);
  }

  scrollToEnd() {
    for (const scrolled of this.#listScrolled()) scrolled.scrollTop = scrolled.scrollHeight;
    setVisible(this.#newest, false);
  }

  /**
   * Bring an appointment's card into view and put the focus where the visitor goes on.
   *
   * @param {string} appointmentId
   */
  focusCard(appointmentId) {
    this.#views.get(`appointment-${appointmentId}`)?.focus?.();
  }

  /**
   * @param {Entry[]} entries
   * @param {State} state
   */
  #arrangeViews(entries, state) {
    const keep = new Set();
    /** @type {HTMLElement | null} */
    let previous = null;
    /**
     * @param {string} key
     * @param {() => EntryView} build
     * @param {Entry} entry
     */
    const putView = (key, build, entry) => {
      keep.add(key);
      const view = this.#views.get(key) ?? build();
      this.#views.set(key, view);
      try {
        view.update(entry, state);
      } catch {
        view.node.hidden = true; // Its frame is not as the contract says; all others are shown.
      }
      /** @type {ChildNode | null} */
      const position = previous ? previous.nextSibling : this.#list.firstChild;
      if (view.node !== position) this.#list.insertBefore(view.node, position);
      previous = view.node;
    };
    let day = toDateKey(Date.now(), undefined); // A conversation that begins today says so only after another day.
    for (const entry of entries) {
      const time = state.times[entry.seq ?? 0];
      const ownDay = time ? toDateKey(time, undefined) : day;
      if (ownDay !== day) putView(`day-${ownDay}`, () => new DateHeading(this.#context), entry);
      day = ownDay;
      putView(getViewKey(entry), () => new VIEWS[entry.kind](this.#context), entry);
    }
    for (const [key, view] of this.#views) {
      if (keep.has(key)) continue;
      view.node.remove();
      view.dispose?.();
      this.#views.delete(key);
    }
  }

  #isAtEnd() {
    return this.#listScrolled().every(
      ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX,
    );
  }

  /** In a short window the panel scrolls instead of the conversation; the other of the two has nothing to scroll. */
  #listScrolled() {
    return [this.scroller, this.scroller.closest(".panel")].filter((element) => element !== null);
  }
}

/**
 * A finished answer is a new node: that is what makes a screen reader speak it, once and whole.
 *
 * @param {Entry} entry
 */
function getViewKey(entry) {
  return entry.kind === "answer" && entry.streaming ? `${entry.key}-draft` : entry.key;
}

/**
 * @param {State} state
 * @param {Context["t"]} t
 */
function nameTypist({ person }, t) {
  return person ? t("person_types", { name: person }) : t("somebody_types");
}

/** @param {Entry | undefined} entry */
function hasText(entry) {
  return entry?.kind === "answer" && entry.text !== "";
}

/** @param {Entry | undefined} entry */
function isSlow(entry) {
  return entry?.kind === "answer" && entry.streaming && entry.slow === true;
}
