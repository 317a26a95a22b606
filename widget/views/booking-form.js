/**
 * The sheet on which a visitor chooses service and time and says who they are; also moves an appointment.
 */

import { dateKey, dayOf, timeOf } from "../dates.js";
import { h, icon, say, show } from "../dom.js";
import { DetailFields } from "./detail-fields.js";
import { alternativeButtons, explain } from "./explanation.js";
import { LookupNotice } from "./lookup-notice.js";
import { DAYS_AT_ONCE, TimePicker } from "./time-picker.js";

const DATE = /^\d{4}-\d{2}-\d{2}/;

export class BookingForm {
  #context;
  #actions;
  #title = h("h2", { class: "sheet-title", id: "sheet-title" });
  #service;
  #serviceField;
  #present = h("p", { class: "present", "data-testid": "present-time", hidden: true });
  #picker;
  #notice;
  #fields;
  #problem = h("p", { class: "problem", role: "alert", "data-testid": "booking-error", hidden: true });
  #alternatives = h("div", { class: "row" });
  #submit;
  #moves = null;
  #question = null;
  #asked = null;
  #command = null;
  #services = [];

  constructor(context) {
    const { t, actions } = context;
    this.#context = context;
    this.#actions = actions;
    this.#service = h("select", {
      class: "input",
      id: "service",
      "data-testid": "booking-service",
      onchange: () => this.#ask(),
    });
    this.#serviceField = h(
      "div",
      { class: "form-field" },
      h("label", { class: "label", for: "service" }, t.service),
      this.#service,
    );
    this.#picker = new TimePicker(context, { onMore: (from) => this.#askMore(from), onPick: () => this.#allow() });
    this.#notice = new LookupNotice(context, { onRetry: () => this.#retry() });
    this.#fields = new DetailFields(context);
    this.#submit = h("button", { type: "submit", class: "button wide", "data-testid": "booking-submit" });
    const back = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t.back,
        "data-testid": "booking-back",
        onclick: () => actions.closeForm(),
      },
      icon("back"),
    );
    this.node = h(
      "form",
      {
        class: "sheet",
        part: "booking",
        "data-testid": "booking-form",
        "aria-labelledby": "sheet-title",
        novalidate: true,
        hidden: true,
        onsubmit: (event) => this.#send(event),
      },
      h("div", { class: "sheet-head" }, back, this.#title),
      h(
        "div",
        { class: "sheet-body" },
        this.#present,
        this.#serviceField,
        this.#picker.node,
        this.#notice.node,
        this.#fields.node,
      ),
      h("div", { class: "sheet-foot" }, this.#problem, this.#alternatives, this.#submit),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Open with a `service`, a `date` or a `slot` filled in, or to move an `appointment`. */
  open({ service = null, date = null, slot = null, appointment = null, contact = null }) {
    this.#moves = appointment;
    this.#command = null;
    this.#complain(null);
    const { t, locale, zone } = this.#context;
    say(this.#title, appointment ? t.move : t.book);
    const stands = appointment?.stage === "confirmed";
    say(
      this.#present,
      stands ? t.now(`${dayOf(appointment.start, locale, zone())}, ${timeOf(appointment.start, locale, zone())}`) : "",
    );
    show(this.#present, stands);
    show(this.#serviceField, !appointment);
    show(this.#fields.node, !appointment);
    this.#fields.suggest({ contact });
    this.#fields.accept(this.#context.contactKinds());
    this.#offerServices(this.#context.services());
    this.#select(appointment?.service ?? slot?.service ?? service);
    show(this.node, true);
    const wished = DATE.test(date ?? "") ? date.slice(0, 10) : null;
    this.#ask({ date: wished, start: slot?.start });
    this.#allow();
    (appointment || this.#service.value ? this.#title.previousElementSibling : this.#service).focus();
  }

  close() {
    show(this.node, false);
    this.#question = null;
    this.#actions.dropQuestion();
  }

  update(state) {
    if (!this.isOpen) return;
    const answer = this.#question && state.outcomes[this.#question];
    if (answer) this.#answered(answer);
    const outcome = this.#command && state.outcomes[this.#command];
    if (outcome) this.#judged(outcome);
    this.#allow();
  }

  /** Ask for the times of the chosen service, or only for the services while none is chosen. */
  #ask(wish = {}) {
    const service = this.#service.value || null;
    if (!service) {
      this.#picker.hide();
      this.#pose({ days: 1 });
      return;
    }
    const from = startOfQuestion(wish, this.#context.zone());
    this.#picker.wait(from, { wish });
    this.#pose({ service, days: DAYS_AT_ONCE, ...(from && { from }) });
  }

  #askMore(from) {
    this.#picker.waitForMore(from);
    this.#pose({ service: this.#service.value, from, days: DAYS_AT_ONCE });
  }

  #pose(data, { id } = {}) {
    this.#notice.hide();
    this.#asked = data;
    this.#question = this.#actions.ask(data, { id });
  }

  /** Ask the same again, under the same id: should the first answer come late, it is as good. */
  #retry() {
    if (this.#asked.service) this.#picker.waitForMore(this.#asked.from ?? null);
    this.#pose(this.#asked, { id: this.#question });
    (this.#moves ? this.#title.previousElementSibling : this.#service).focus(); // The button is gone.
  }

  #answered({ type, data }) {
    if (type === "unanswered" || (type === "error" && data.retryable)) {
      this.#picker.failed();
      this.#notice.show(data.message);
      return;
    }
    this.#question = null;
    this.#notice.hide();
    if (type === "booking.slots") {
      this.#offerServices(data.services ?? []);
      this.#fields.accept(data.contact_kinds ?? []);
      if (this.#service.value)
        this.#picker.add({ ...data, slots: data.slots.filter((slot) => slot.service === this.#service.value) });
      return;
    }
    this.#picker.failed();
    if (data.code === "UNKNOWN_SERVICE") {
      this.#service.replaceChildren(); // A name the business no longer uses: let the visitor choose.
      this.#ask();
    } else this.#complain(data);
  }

  #offerServices(services) {
    if (services.length === 0) return;
    this.#services = services;
    const { t } = this.#context;
    const chosen = this.#service.value;
    this.#service.replaceChildren(
      h("option", { value: "" }, t.chooseService),
      ...services.map(({ id, name, duration_minutes: minutes }) =>
        h("option", { value: id }, `${name} · ${t.minutes(minutes)}`),
      ),
    );
    this.#select(chosen);
  }

  /** Choose a service by its id, also one that the list does not have yet. */
  #select(id) {
    const known = this.#services.some((service) => service.id === id);
    if (id && !known) this.#service.append(h("option", { value: id }, this.#context.serviceName(id)));
    this.#service.value = id ?? "";
  }

  #send(event) {
    event.preventDefault();
    if (this.#command) return;
    const { t } = this.#context;
    const slot = this.#picker.chosen;
    this.#complain(null);
    if (!this.#service.value) return this.#missing(t.needService, this.#service);
    if (!slot) return this.#missing(t.needTime, this.#picker);
    if (!this.#moves && !this.#fields.complete) return this.#refuseContact({ message: this.#fields.wish });
    this.#command = this.#moves
      ? this.#actions.move(this.#moves, slot.start)
      : this.#actions.create({ start: slot.start, service: this.#service.value, ...this.#fields.values() });
    this.#allow();
  }

  #missing(message, field) {
    this.#complain({ message });
    field.focus();
  }

  /** Say why first: the sentence takes its room from the fields, and the contact has to be seen in what is left. */
  #refuseContact(error) {
    this.#complain(error);
    this.#fields.refuse();
  }

  #judged({ type, data }) {
    this.#command = null;
    if (type !== "error") {
      this.#fields.clearNote();
      this.#actions.closeForm(data.appointment_id);
      return;
    }
    if (data.code === "INVALID_CONTACT") return this.#refuseContact(data);
    if (data.code === "SLOT_TAKEN" || data.code === "INVALID_TIME") this.#ask({ date: dayWish(this.#picker.chosen) });
    this.#complain(data);
  }

  #complain(error) {
    say(this.#problem, error ? explain(error, this.#context.t) : "");
    show(this.#problem, error !== null);
    const again = (slot) => {
      this.#picker.choose(slot);
      this.node.requestSubmit();
    };
    this.#alternatives.replaceChildren(
      ...(error ? alternativeButtons(error, this.#context, again, "booking-alternative") : []),
    );
  }

  #allow() {
    const { t } = this.#context;
    const labels = this.#moves ? [t.move, t.moving] : [t.hold, t.holding];
    say(this.#submit, labels[this.#command ? 1 : 0]);
    this.#submit.disabled = this.#command !== null;
  }
}

/** Begin today where that shows the wish too: the visitor sees earlier days as well. */
function startOfQuestion({ date, start }, zone) {
  const wished = date ?? (start ? dateKey(start, zone) : null);
  const soon = dateKey(Date.now() + (DAYS_AT_ONCE - 2) * 24 * 60 * 60 * 1000, zone);
  return wished && wished > soon ? wished : null;
}

function dayWish(slot) {
  return slot ? slot.start.slice(0, 10) : null;
}
