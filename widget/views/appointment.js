/**
 * The card of one appointment, from the held time to the visit that stands or was cancelled.
 */

import { hasPhone } from "../bookings.js";
import { formatDay, formatTime, formatZone, hasOtherClock } from "../dates.js";
import { h, buildIcon, setText, setVisible } from "../dom.js";
import { findCommandUnderWay } from "../selectors.js";
import { AnotherTime } from "./another-time.js";
import { CodeEntry } from "./code-entry.js";
import { Confirmation } from "./confirmation.js";
import { describeDeadline } from "./deadline.js";
import { buildAlternativeButtons, explainError } from "./explanation.js";
import { Venue } from "./venue.js";

/** @import { AppointmentEntry, Busy, Slot, Stage, State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/**
 * @typedef {object} Part What a card shows in one stage.
 * @property {HTMLElement} node
 * @property {(entry: AppointmentEntry, busy: Busy) => void} update
 * @property {() => void} [focus]
 * @property {() => void} [dispose]
 */

const HOUR_MS = 60 * 60 * 1000;

/** @type {Partial<Record<Stage, new (context: Context, entry: AppointmentEntry) => Part>>} */
const PARTS = { pending: CodeEntry, taken: AnotherTime };

export class AppointmentCard {
  #context;
  #title = h("h3", { class: "card-title", tabindex: "-1" });
  #icon = h("span", { class: "card-icon" });
  #service = h("p", { class: "card-service" });
  #day = h("span");
  #hours = h("span", { class: "hours" });
  #zone = h("p", { class: "hint" });
  #venue = new Venue();
  #deadline = h("p", { class: "hint", "data-testid": "change-until" });
  #fee = h("p", { class: "hint", "data-testid": "card-fee" });
  #note = h("p", { class: "card-note", "data-testid": "card-note", hidden: true });
  #problem = h("p", { class: "problem", role: "alert", "data-testid": "card-problem", hidden: true });
  /** @type {HTMLButtonElement[]} */
  #buttons = [];
  #alternatives = h("div", { class: "row" });
  #body = h("div", { class: "card-body" });
  /** @type {Part | null} */
  #part = null;
  /** @type {Stage | null} */
  #stage = null;
  /** @type {AppointmentEntry["problem"] | undefined} */
  #explained;

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.node = h(
      "article",
      { class: "card", part: "card", "data-testid": "appointment" },
      h("div", { class: "card-head" }, this.#icon, this.#title),
      this.#service,
      h("p", { class: "card-when" }, this.#day, " ", this.#hours),
      this.#zone,
      this.#venue.node,
      this.#deadline,
      this.#fee,
      this.#note,
      this.#problem,
      this.#alternatives,
      this.#body,
    );
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {State} state
   */
  update(entry, state) {
    const focused = this.node.matches(":focus-within");
    this.node.dataset.stage = entry.stage;
    this.node.dataset.appointment = entry.appointment_id;
    this.#describe(entry);
    this.#explainProblem(entry);
    if (entry.stage !== this.#stage) this.#showStage(entry, focused);
    const busy = findCommandUnderWay(state, entry);
    for (const button of this.#buttons) button.disabled = busy !== null;
    this.#part?.update(entry, busy);
  }

  focus() {
    if (this.#part?.focus) this.#part.focus();
    else this.#title.focus();
  }

  dispose() {
    this.#part?.dispose?.();
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {boolean} focused
   */
  #showStage(entry, focused) {
    this.#part?.dispose?.();
    this.#stage = entry.stage;
    this.#part = new (PARTS[entry.stage] ?? Confirmation)(this.#context, entry);
    this.#body.replaceChildren(this.#part.node);
    this.#icon.replaceChildren(buildIcon(entry.stage === "confirmed" ? "check" : "calendar"));
    if (focused) queueMicrotask(() => this.#title.focus());
  }

  /** @param {AppointmentEntry} entry */
  #describe(entry) {
    const { t, locale, zone, serviceName, price, venue } = this.#context;
    const at = zone();
    const when = (/** @type {string} */ instant) =>
      `${formatDay(instant, locale, at)}, ${formatTime(instant, locale, at)}`;
    const titles = {
      pending: hasPhone(entry) ? t("enter_code_phone") : t("enter_code_email"),
      taken: t("taken"),
      confirmed: entry.moved ? t("moved") : t("confirmed"),
      cancelled: t("cancelled"),
      lapsed: t("lapsed"),
    };
    setText(this.#title, titles[entry.stage]);
    setText(this.#service, [serviceName(entry.service), price(entry.service)].filter(Boolean).join(" · "));
    this.#venue.update(hasEnded(entry.stage) ? {} : venue());
    this.#describeTerms(entry);
    const ends = entry.end ? `–${formatTime(entry.end, locale, at)}` : "";
    setText(this.#day, `${formatDay(entry.start, locale, at)},`);
    setText(this.#hours, formatTime(entry.start, locale, at) + ends);
    const elsewhere = at !== undefined && hasOtherClock(entry.start, at);
    setText(this.#zone, elsewhere ? t("zone", { zone: formatZone(entry.start, locale, at) }) : "");
    setVisible(this.#zone, elsewhere);
    const note = this.#buildNote(entry, when);
    setText(this.#note, note);
    setVisible(this.#note, note !== "");
    this.node.dataset.by = entry.by ?? "";
  }

  /**
   * Until when the visit can be changed, and what it costs later. A held one has the deadline that it will have.
   *
   * @param {AppointmentEntry} entry
   */
  #describeTerms({ stage, start, change_until: until }) {
    const { t, changeDeadlineHours, cancellationFee } = this.#context;
    const hours = changeDeadlineHours();
    const held = hours ? new Date(new Date(start).getTime() - hours * HOUR_MS).toISOString() : undefined;
    const stands = stage === "pending" || stage === "confirmed";
    const fee = stands && cancellationFee();
    const visit = { start, change_until: stage === "pending" ? held : until };
    setText(this.#deadline, stands ? describeDeadline(visit, this.#context) : "");
    setText(this.#fee, fee ? t("cancellation_fee", { fee }) : "");
  }

  /**
   * Return the note about a change by the business, and about the visit's earlier time.
   *
   * @param {AppointmentEntry} entry
   * @param {(instant: string) => string} when
   */
  #buildNote({ stage, by, moved, was }, when) {
    const { t, business } = this.#context;
    const fromBusiness = (/** @type {string} */ text) => (business ? `${business}: ${text}` : text);
    if (stage === "taken") return t("taken_note");
    if (stage === "cancelled" && by === "business") return fromBusiness(t("cancelled_by_business"));
    if (stage !== "confirmed" || !moved) return "";
    if (by === "business") {
      return fromBusiness([t("moved_by_business"), was && t("before", { start: when(was) })].filter(Boolean).join(" "));
    }
    return was ? t("before", { start: when(was) }) : "";
  }

  /**
   * What a code can be sent to instead: the same time is then held with that contact.
   *
   * @param {AppointmentEntry} entry
   */
  #buildContactButtons({ stage, problem, start, end = start, service }) {
    const { t, actions } = this.#context;
    const kinds = stage === "pending" ? (problem?.other_contact_kinds ?? []) : [];
    return kinds
      .filter((kind) => kind === "email" || kind === "phone")
      .map((kind) =>
        h(
          "button",
          {
            class: "button soft",
            "data-testid": `use-${kind}`,
            onclick: () => actions.book({ held: { start, end, service }, kind }),
          },
          t(`use_${kind}`),
        ),
      );
  }

  /** @param {AppointmentEntry} entry */
  #explainProblem(entry) {
    if (entry.problem === this.#explained) return;
    this.#explained = entry.problem;
    const { actions, t } = this.#context;
    const standing = entry.stage === "taken" || entry.stage === "confirmed";
    const choose = (/** @type {Slot} */ slot) =>
      standing ? actions.move(entry, slot.start) : actions.book({ service: slot.service, slot });
    // The title already says that the held time is gone; it does not say what failed after that.
    const isInTitle = entry.stage === "taken" && (entry.heard === null || entry.heard === "booking.verify");
    const problem = entry.problem && !isInTitle ? explainError(entry.problem, t, { heard: entry.heard !== null }) : "";
    setText(this.#problem, problem);
    setVisible(this.#problem, problem !== "");
    this.#problem.dataset.code = entry.problem?.code ?? "";
    this.#buttons = entry.problem
      ? [...buildAlternativeButtons(entry.problem, this.#context, choose), ...this.#buildContactButtons(entry)]
      : [];
    this.#alternatives.replaceChildren(...this.#buttons);
    setVisible(this.#alternatives, this.#buttons.length > 0);
  }
}

/** @param {Stage} stage */
function hasEnded(stage) {
  return stage === "cancelled" || stage === "lapsed";
}
