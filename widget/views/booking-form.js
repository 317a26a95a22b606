/**
 * The sheet on which a visitor chooses service and time and says who they are; also moves an appointment.
 */

import { dateKey, dayOf, timeOf } from "../dates.js";
import { h, icon, say, show } from "../dom.js";
import { DetailFields } from "./detail-fields.js";
import { alternativeButtons, explain } from "./explanation.js";
import { LookupNotice } from "./lookup-notice.js";
import { DAYS_AT_ONCE, TimePicker } from "./time-picker.js";

/** @import { Appointment, BookingRequest, CommandData, ErrorData, Frame, Outcome, Service, Slot, State, TimeRequest } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

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
  /** @type {Appointment | null} */
  #moves = null;
  /** @type {string | null} */
  #query = null;
  /** @type {CommandData} */
  #queryData = {};
  /** @type {string | null} */
  #command = null;
  /** @type {Service[]} */
  #services = [];
  #back;

  /** @param {Context} context */
  constructor(context) {
    const { t, actions } = context;
    this.#context = context;
    this.#actions = actions;
    this.#service = h("select", {
      class: "input",
      id: "service",
      "data-testid": "booking-service",
      onchange: () => this.#querySlots(),
    });
    this.#serviceField = h(
      "div",
      { class: "form-field" },
      h("label", { class: "label", for: "service" }, t("service")),
      this.#service,
    );
    this.#picker = new TimePicker(context, {
      onMore: (from) => this.#queryMoreSlots(from),
      onPick: () => this.#allow(),
    });
    this.#notice = new LookupNotice(context, { onRetry: () => this.#repeatQuery() });
    this.#fields = new DetailFields(context);
    this.#submit = h("button", { type: "submit", class: "button wide", "data-testid": "booking-submit" });
    this.#back = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("back"),
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
      h("div", { class: "sheet-head" }, this.#back, this.#title),
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

  /**
   * Open with a `service`, a `date` or a `slot` filled in, or to move an `appointment`.
   *
   * @param {BookingRequest} request
   */
  open({ service = null, date = null, slot = null, appointment = null, contact = null }) {
    this.#moves = appointment;
    this.#command = null;
    this.#complain(null);
    const { t, locale, zone } = this.#context;
    say(this.#title, appointment ? t("move") : t("book"));
    const stands = appointment?.stage === "confirmed";
    say(
      this.#present,
      stands
        ? t("now", {
            start: `${dayOf(appointment.start, locale, zone())}, ${timeOf(appointment.start, locale, zone())}`,
          })
        : "",
    );
    show(this.#present, stands);
    show(this.#serviceField, !appointment);
    show(this.#fields.node, !appointment);
    this.#fields.suggest({ contact });
    this.#fields.accept(this.#context.contactKinds());
    this.#offerServices(this.#context.services());
    this.#select(appointment?.service ?? slot?.service ?? service);
    show(this.node, true);
    const wished = date && DATE.test(date) ? date.slice(0, 10) : null;
    this.#querySlots({ date: wished, start: slot?.start });
    this.#allow();
    (appointment || this.#service.value ? this.#back : this.#service).focus();
  }

  close() {
    show(this.node, false);
    this.#query = null;
    this.#actions.dropQuery();
  }

  /** @param {State} state */
  update(state) {
    if (!this.isOpen) return;
    const answer = this.#query && state.outcomes[this.#query];
    if (answer) this.#acceptAnswer(answer);
    const outcome = this.#command && state.outcomes[this.#command];
    if (outcome) this.#acceptOutcome(outcome);
    this.#allow();
  }

  /**
   * Query the times of the chosen service, or only the services while none is chosen.
   *
   * @param {TimeRequest} request
   */
  #querySlots(request = {}) {
    const service = this.#service.value || null;
    if (!service) {
      this.#picker.hide();
      this.#sendQuery({ days: 1 });
      return;
    }
    const from = startOfQuery(request, this.#context.zone());
    this.#picker.wait(from, { request });
    this.#sendQuery({ service, days: DAYS_AT_ONCE, ...(from && { from }) });
  }

  /** @param {string} from */
  #queryMoreSlots(from) {
    this.#picker.waitForMore(from);
    this.#sendQuery({ service: this.#service.value, from, days: DAYS_AT_ONCE });
  }

  /**
   * @param {CommandData} data
   * @param {{ id?: string }} again
   */
  #sendQuery(data, { id } = {}) {
    this.#notice.hide();
    this.#queryData = data;
    this.#query = this.#actions.querySlots(data, { id });
  }

  /** Repeat the query under the same id: the answer to the first is then accepted as well. */
  #repeatQuery() {
    if (this.#queryData.service) this.#picker.waitForMore(this.#queryData.from ?? null);
    this.#sendQuery(this.#queryData, { id: this.#query ?? undefined });
    (this.#moves ? this.#back : this.#service).focus(); // The button is gone.
  }

  /** @param {Outcome} outcome */
  #acceptAnswer(outcome) {
    if (outcome.type === "unanswered" || (outcome.type === "error" && outcome.data.retryable)) {
      this.#picker.showFailure();
      this.#notice.show(outcome.data.message);
      return;
    }
    this.#query = null;
    this.#notice.hide();
    if (outcome.type === "booking.slots") this.#showSlots(outcome);
    else if (outcome.type === "error") this.#showError(outcome);
  }

  /** @param {Frame<"booking.slots">} answer */
  #showSlots({ data }) {
    this.#offerServices(data.services ?? []);
    this.#fields.accept(data.contact_kinds ?? []);
    const service = this.#service.value;
    if (service) this.#picker.add({ ...data, slots: data.slots.filter((slot) => slot.service === service) });
  }

  /** @param {Frame<"error">} refusal */
  #showError({ data }) {
    this.#picker.showFailure();
    if (data.code === "UNKNOWN_SERVICE") {
      this.#service.replaceChildren(); // A name the business no longer uses: let the visitor choose.
      this.#querySlots();
    } else this.#complain(data);
  }

  /** @param {Service[]} services */
  #offerServices(services) {
    if (services.length === 0) return;
    this.#services = services;
    const { t } = this.#context;
    const chosen = this.#service.value;
    this.#service.replaceChildren(
      h("option", { value: "" }, t("choose_service")),
      ...services.map(({ id, name, duration_minutes: minutes }) =>
        h("option", { value: id }, `${name} · ${t("minutes", { minutes })}`),
      ),
    );
    this.#select(chosen);
  }

  /**
   * Choose a service by its id, also one that the list does not have yet.
   *
   * @param {string | null | undefined} id
   */
  #select(id) {
    const known = this.#services.some((service) => service.id === id);
    if (id && !known) this.#service.append(h("option", { value: id }, this.#context.serviceName(id)));
    this.#service.value = id ?? "";
  }

  /** @param {Event} event */
  #send(event) {
    event.preventDefault();
    if (this.#command) return;
    const { t } = this.#context;
    const slot = this.#picker.chosen;
    this.#complain(null);
    if (!this.#service.value) this.#missing(t("need_service"), this.#service);
    else if (!slot) this.#missing(t("need_time"), this.#picker);
    else if (!this.#moves && !this.#fields.complete) this.#refuseContact({ message: this.#fields.request });
    else this.#submitTime(slot);
  }

  /** @param {Slot} slot */
  #submitTime(slot) {
    this.#command = this.#moves
      ? this.#actions.move(this.#moves, slot.start)
      : this.#actions.create({ start: slot.start, service: this.#service.value, ...this.#fields.values() });
    this.#allow();
  }

  /**
   * @param {string} message
   * @param {{ focus: () => void }} field
   */
  #missing(message, field) {
    this.#complain({ message });
    field.focus();
  }

  /**
   * Say why first: the sentence takes its room from the fields, and the contact has to be seen in what is left.
   *
   * @param {Partial<ErrorData>} error
   */
  #refuseContact(error) {
    this.#complain(error);
    this.#fields.refuse();
  }

  /** @param {Outcome} outcome */
  #acceptOutcome(outcome) {
    this.#command = null;
    if (outcome.type !== "error") {
      this.#fields.clearNote();
      this.#actions.closeForm(appointmentOf(outcome));
      return;
    }
    const { data } = outcome;
    if (data.code === "INVALID_CONTACT") {
      this.#refuseContact(data);
      return;
    }
    if (data.code === "SLOT_TAKEN" || data.code === "INVALID_TIME") {
      this.#querySlots({ date: requestedDay(this.#picker.chosen) });
    }
    this.#complain(data);
  }

  /** @param {Partial<ErrorData> | null} error */
  #complain(error) {
    say(this.#problem, error ? explain(error, this.#context.t) : "");
    show(this.#problem, error !== null);
    const again = (/** @type {Slot} */ slot) => {
      this.#picker.choose(slot);
      this.node.requestSubmit();
    };
    this.#alternatives.replaceChildren(
      ...(error ? alternativeButtons(error, this.#context, again, "booking-alternative") : []),
    );
  }

  #allow() {
    const { t } = this.#context;
    const labels = this.#moves
      ? { idle: t("move"), underWay: t("moving") }
      : { idle: t("hold"), underWay: t("holding") };
    say(this.#submit, this.#command ? labels.underWay : labels.idle);
    this.#submit.disabled = this.#command !== null;
  }
}

/**
 * Begin today where that shows the requested day, too: the visitor sees earlier days as well.
 *
 * @param {TimeRequest} request
 * @param {string | undefined} zone
 */
function startOfQuery({ date, start }, zone) {
  const wished = date ?? (start ? dateKey(start, zone) : null);
  const soon = dateKey(Date.now() + (DAYS_AT_ONCE - 2) * 24 * 60 * 60 * 1000, zone);
  return wished && wished > soon ? wished : null;
}

/** @param {Slot | null} slot */
function requestedDay(slot) {
  return slot ? slot.start.slice(0, 10) : null;
}

/** @param {Outcome} outcome */
function appointmentOf({ data }) {
  return data && "appointment_id" in data ? data.appointment_id : undefined;
}
