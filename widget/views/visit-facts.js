/**
 * How a visit stands: service, day, time, where the clock is another one, and its state in a sentence.
 */

import { saveCalendarFile } from "../calendar-file.js";
import { hasOtherClock, formatDay, formatTime, formatZone } from "../dates.js";
import { h, buildIcon, setText, setVisible } from "../dom.js";
import { describeDeadline } from "./deadline.js";
import { Venue } from "./venue.js";

/** @import { DetailsData, Link } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class VisitFacts {
  #context;
  /** @type {DetailsData | null} */
  #visit = null;
  #note = h("p", { class: "visit-said", "data-testid": "visit-state" });
  #service = h("p", { class: "visit-service" });
  #day = h("p", { class: "visit-day" });
  #time = h("p", { class: "visit-time" });
  #zone = h("p", { class: "hint", "data-testid": "visit-zone" });
  #venue = new Venue();
  #fee = h("p", { class: "hint", "data-testid": "visit-fee" });
  #facts;
  #file;

  /** @param {Context} context */
  constructor(context) {
    const { t } = context;
    this.#context = context;
    this.#facts = h(
      "div",
      { class: "visit", "data-testid": "visit" },
      this.#service,
      this.#day,
      this.#time,
      this.#zone,
      this.#venue.node,
      this.#fee,
    );
    this.#file = h(
      "button",
      { class: "button soft", "data-testid": "visit-ics", onclick: () => this.#saveFile() },
      buildIcon("download"),
      t("calendar"),
    );
    this.node = h(
      "div",
      { class: "visit-facts" },
      h("div", { role: "status", class: "visit-live" }, this.#facts, this.#note),
      h("div", { class: "row" }, this.#file),
    );
    this.showNote("");
  }

  /**
   * Say only a sentence: there is nothing (yet) to show.
   *
   * @param {string} sentence
   */
  showNote(sentence) {
    this.#visit = null;
    setVisible(this.#facts, false);
    setVisible(this.#file, false);
    setText(this.#note, sentence);
    setVisible(this.#note, sentence !== "");
  }

  /**
   * Show a visit, in the business's time zone, to someone who came by a link for one `purpose`.
   *
   * @param {DetailsData} visit
   * @param {Link["purpose"]} purpose
   */
  show(visit, purpose) {
    const { locale } = this.#context;
    const { start, end, time_zone: zone } = visit;
    this.#visit = visit;
    this.#facts.dataset.state = visit.state;
    setText(this.#service, [visit.service_name, visit.price].filter(Boolean).join(" · "));
    this.#venue.update(visit.state === "cancelled" ? {} : visit);
    const fee = visit.state === "cancelled" ? undefined : visit.cancellation_fee;
    setText(this.#fee, fee ? this.#context.t("cancellation_fee", { fee }) : "");
    setText(this.#day, formatDay(start, locale, zone));
    setText(this.#time, `${formatTime(start, locale, zone)}–${formatTime(end, locale, zone)}`);
    const elsewhere = hasOtherClock(start, zone);
    setText(this.#zone, elsewhere ? this.#context.t("zone", { zone: formatZone(start, locale, zone) }) : "");
    setVisible(this.#zone, elsewhere);
    const sentence = this.#describePermissions(visit, purpose);
    setText(this.#note, sentence);
    setVisible(this.#note, true);
    setVisible(this.#facts, true);
    setVisible(this.#file, Boolean(visit.ics));
  }

  /**
   * @param {DetailsData} visit
   * @param {Link["purpose"]} purpose
   */
  #describePermissions(visit, purpose) {
    const { t } = this.#context;
    const { state, start, can_cancel: cancel, can_reschedule: move } = visit;
    if (state === "cancelled") return t("visit_cancelled");
    if (new Date(start).getTime() < Date.now()) return t("visit_past");
    if (state === "held") return t("visit_held");
    const deadline = describeDeadline(visit, { ...this.#context, zone: () => visit.time_zone });
    if (!cancel && !move) return deadline ? `${t("visit_stands")} ${deadline}` : t("visit_fixed");
    const [here, there] = purpose === "cancel" ? [cancel, move] : [move, cancel];
    return [
      t("visit_stands"),
      deadline,
      here && t("until_you_decide"),
      there && (purpose === "cancel" ? t("other_link_cancel") : t("other_link_move")),
    ]
      .filter(Boolean)
      .join(" ");
  }

  #saveFile() {
    if (!this.#visit?.ics) return;
    saveCalendarFile(this.#visit.ics, { name: this.#context.t("file"), start: this.#visit.start, beside: this.node });
  }
}
