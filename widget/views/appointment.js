/**
 * The card of one appointment, from the held time to the visit that stands or was cancelled.
 */

import { underWay } from "../conversation.js";
import { dayOf, timeOf, zoneName, clocksDiffer } from "../dates.js";
import { h, icon, say, show } from "../dom.js";
import { CodeEntry } from "./code-entry.js";
import { Confirmation } from "./confirmation.js";
import { alternativeButtons } from "./messages.js";

export class AppointmentCard {
  #context;
  #title = h("h3", { class: "card-title", tabindex: "-1" });
  #icon = h("span", { class: "card-icon" });
  #service = h("p", { class: "card-service" });
  #when = h("p", { class: "card-when" });
  #zone = h("p", { class: "hint" });
  #problem = h("p", { class: "problem", role: "alert", "data-testid": "card-problem", hidden: true });
  #alternatives = h("div", { class: "row" });
  #body = h("div", { class: "card-body" });
  #part = null;
  #stage = null;
  #explained;

  constructor(context) {
    this.#context = context;
    this.node = h("article", { class: "card", part: "card", "data-testid": "appointment" },
      h("div", { class: "card-head" }, this.#icon, this.#title),
      this.#service, this.#when, this.#zone, this.#problem, this.#alternatives, this.#body);
  }

  update(entry, state) {
    const focused = this.node.contains(this.node.getRootNode().activeElement);
    this.node.dataset.stage = entry.stage;
    this.node.dataset.appointment = entry.appointment_id;
    this.#describe(entry);
    this.#explain(entry);
    if (entry.stage !== this.#stage) this.#enter(entry, focused);
    const busy = underWay(state, entry.appointment_id);
    this.#part.update(entry, busy);
  }

  focus() {
    if (this.#part.focus) this.#part.focus();
    else this.#title.focus();
  }

  gone() {
    this.#part?.gone?.();
  }

  #enter(entry, focused) {
    this.#part?.gone?.();
    this.#stage = entry.stage;
    this.#part = entry.stage === "pending" ? new CodeEntry(this.#context, entry) : new Confirmation(this.#context, entry);
    this.#body.replaceChildren(this.#part.node);
    this.#icon.replaceChildren(icon(entry.stage === "confirmed" ? "check" : "calendar"));
    if (focused) queueMicrotask(() => this.#title.focus());
  }

  #describe(entry) {
    const { t, locale, zone, serviceName } = this.#context;
    const at = zone();
    const titles = { pending: t.enterCode, confirmed: entry.moved ? t.moved : t.confirmed, cancelled: t.cancelled, lapsed: t.lapsed };
    say(this.#title, titles[entry.stage]);
    say(this.#service, serviceName(entry.service));
    const ends = entry.end ? `–${timeOf(entry.end, locale, at)}` : "";
    say(this.#when, `${dayOf(entry.start, locale, at)}, ${timeOf(entry.start, locale, at)}${ends}`);
    const elsewhere = at !== undefined && clocksDiffer(entry.start, at);
    say(this.#zone, elsewhere ? t.zone(zoneName(entry.start, locale, at)) : "");
    show(this.#zone, elsewhere);
  }

  #explain(entry) {
    if (entry.problem === this.#explained) return;
    this.#explained = entry.problem;
    const { actions, t } = this.#context;
    say(this.#problem, entry.problem ? entry.problem.message || t.lost : "");
    show(this.#problem, Boolean(entry.problem));
    this.#problem.dataset.code = entry.problem?.code ?? "";
    const buttons = entry.problem
      ? alternativeButtons(entry.problem, this.#context, (slot) => actions.book({ service: slot.service, slot }))
      : [];
    this.#alternatives.replaceChildren(...buttons);
    show(this.#alternatives, buttons.length > 0);
  }
}
