/**
 * The sheet on which a visitor chooses service and time and says who they are; also moves an appointment.
 */

import { findAppointmentId } from "../bookings.js";
import { formatDay, formatTime } from "../dates.js";
import { h, buildIcon, setText, setVisible } from "../dom.js";
import { mergeDraft, readDraft } from "../form-draft.js";
import { findQuestions } from "../offer.js";
import { findRefusedQuestion } from "../refused-question.js";
import { DetailFields } from "./detail-fields.js";
import { buildAlternativeButtons, explainError } from "./explanation.js";
import { OutageNote } from "./outage.js";
import { Venue } from "./venue.js";
import { ServiceField } from "./service-field.js";
import { SlotLookup } from "./slot-lookup.js";
import { TimePicker } from "./time-picker.js";

/** @import { Appointment, BookingRequest, ErrorData, FormDraft, Outcome, Question, Service, Slot, State, TimeRequest } from "../types.d.ts" */
/** @import { Context } from "../context.js" */
/** @import { QuestionFields } from "./question-fields.js" */

const DATE = /^\d{4}-\d{2}-\d{2}/;
const DRAFT = "booking";

export class BookingForm {
  #context;
  #actions;
  #title = h("h2", { class: "sheet-title", id: "sheet-title" });
  #service;
  #present = h("p", { class: "present", "data-testid": "present-time", hidden: true });
  #venue = new Venue();
  #picker;
  #lookup;
  #asked = /** @type {Question[]} */ ([]);
  /** Few services have questions, so that their fields are a file of its own. @type {QuestionFields | null} */
  #questions = null;
  #questionsSlot = h("div", { hidden: true });
  /** What is known of the answers before there are fields. */
  #answers = /** @type {Record<string, string>} */ ({});
  #fields;
  #deadline = h("p", { class: "hint", "data-testid": "change-deadline" });
  #fee = h("p", { class: "hint", "data-testid": "cancellation-fee" });
  #problem = h("p", { class: "problem", role: "alert", "data-testid": "booking-error", hidden: true });
  #alternatives = h("div", { class: "row" });
  #submit;
  /** @type {Appointment | null} */
  #moves = null;
  /** @type {string | null} */
  #command = null;
  /** The command that failed last: the business may replay it while the form is open. @type {string | null} */
  #failed = null;
  #back;
  #outage;

  /** @param {Context} context */
  constructor(context) {
    const { t, actions } = context;
    this.#context = context;
    this.#actions = actions;
    this.#service = new ServiceField(context, {
      onChange: () => {
        this.#askQuestions([]);
        this.#querySlots();
      },
    });
    this.#picker = new TimePicker(context, {
      onMore: (from) => this.#lookup.queryMoreSlots(from),
      onPick: () => {
        this.#showProblem(null);
        this.#keepDraft();
      },
    });
    this.#lookup = new SlotLookup(context, {
      picker: this.#picker,
      onOffer: ({ services, contact_kinds: kinds, address, phone }) => {
        this.#service.setServices(services ?? []);
        this.#fields.setContactKinds(kinds ?? []);
        if (!this.#moves) this.#askQuestions(findQuestions(services ?? [], this.#service.value));
        this.#showTerms();
        this.#venue.update({ address, phone });
      },
      onRefusal: (error) => this.#acceptRefusal(error),
      onRepeat: () => (this.#moves ? this.#back : this.#service).focus(),
    });
    this.#fields = new DetailFields(context);
    this.#outage = new OutageNote(context);
    this.#submit = h("button", { type: "submit", class: "button wide", "data-testid": "booking-submit" });
    this.#back = h(
      "button",
      {
        class: "icon-button",
        "aria-label": t("back"),
        "data-testid": "booking-back",
        onclick: () => actions.closeForm(),
      },
      buildIcon("back"),
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
        oninput: () => this.#keepDraft(),
        onsubmit: (event) => this.#submitForm(event),
      },
      h("div", { class: "sheet-head" }, this.#back, this.#title),
      this.#outage.node,
      h(
        "div",
        { class: "sheet-body" },
        this.#present,
        this.#service.node,
        this.#venue.node,
        this.#picker.node,
        this.#lookup.node,
        this.#questionsSlot,
        this.#fields.node,
        h("div", {}, this.#deadline, this.#fee),
      ),
      h("div", { class: "sheet-foot" }, this.#problem, this.#alternatives, this.#submit),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /**
   * Open with a `service`, a `date` or a `slot` filled in, to move an `appointment`, or to hold a time that is `held`
   * with another contact. Where nothing of this says otherwise, the form is as the visitor left it.
   *
   * @param {BookingRequest} request
   */
  open(request, { focus = true } = {}) {
    const { appointment = null, contact, held, kind } = request;
    const draft = readDraft(this.#context.findDraft(DRAFT));
    const { service, date, start } = mergeDraft(request, draft);
    this.#moves = appointment;
    this.#command = null;
    this.#failed = null;
    const { t } = this.#context;
    setText(this.#title, appointment ? t("move") : t("book"));
    this.#showPresentTime(appointment);
    this.#showDetails(!appointment);
    this.#fields.setContactKinds(this.#context.contactKinds());
    this.#fields.suggest({ ...draft, ...(contact && { contact }) });
    this.#answers = { ...draft.answers, ...this.#answers };
    this.#questions?.suggest(draft.answers);
    this.#showTerms();
    this.#service.setServices(this.#context.services());
    this.#venue.update(this.#context.venue());
    this.#service.choose(service);
    setVisible(this.node, true);
    this.#querySlots({ date: date && DATE.test(date) ? date.slice(0, 10) : null, start, held });
    this.#updateSubmit();
    if (held) this.#fields.askForContact(kind);
    else if (focus) (appointment || this.#service.value ? this.#back : this.#service).focus();
  }

  /** Open again, with all that was filled in, if it stood open before a reload or a change of the language. */
  reopen({ focus = false } = {}) {
    const { isOpen, appointment, command = null } = readDraft(this.#context.findDraft(DRAFT));
    if (!isOpen) return;
    this.open(appointment ? { appointment } : {}, { focus });
    this.#command = command;
    this.#keepDraft();
    this.#updateSubmit();
  }

  /** Keep what is filled in for this tab; a visit that a link stands for is not kept, because the link is not. */
  #keepDraft() {
    const isOfLink = Boolean(this.#moves?.may?.link);
    /** @type {FormDraft} */
    const draft = {
      ...this.#fields.values(),
      ...this.#picker.choice,
      service: this.#service.value,
      answers: this.#questions?.texts ?? this.#answers,
      appointment: isOfLink ? null : this.#moves,
      command: this.#command,
      isOpen: this.isOpen && !isOfLink,
    };
    this.#context.keepDraft(DRAFT, JSON.stringify(draft));
  }

  /** @param {Appointment | null} appointment */
  #showPresentTime(appointment) {
    const { t, locale, zone } = this.#context;
    const start = appointment?.stage === "confirmed" ? appointment.start : null;
    const when = start && `${formatDay(start, locale, zone())}, ${formatTime(start, locale, zone())}`;
    setText(this.#present, when ? t("now", { start: when }) : "");
    setVisible(this.#present, start !== null);
  }

  /**
   * Show or hide what only a new visit needs.
   *
   * @param {boolean} visible
   */
  #showDetails(visible) {
    setVisible(this.#service.node, visible);
    setVisible(this.#fields.node, visible);
    if (!visible) this.#askQuestions([]);
  }

  close() {
    if (!this.isOpen) return;
    this.dispose();
    setVisible(this.node, false);
    this.#keepDraft();
  }

  /** Another form takes the place of this one. */
  dispose() {
    if (this.#command) this.#actions.cancelProof(this.#command);
    this.#lookup.drop();
  }

  /** @param {State} state */
  update(state) {
    if (!this.isOpen) return;
    // Without services there is nothing to choose or to send.
    const isOutage = this.#outage.update();
    this.node.classList.toggle("out-of-reach", isOutage && this.#context.services().length === 0);
    this.#lookup.update(state);
    const outcome = this.#command && state.outcomes[this.#command];
    const later = this.#failed && state.outcomes[this.#failed];
    if (outcome) this.#acceptOutcome(outcome);
    else if (later && later.type !== "error") this.#acceptOutcome(later);
    this.#updateSubmit();
  }

  /**
   * Ask the questions of a service, as soon as their fields are loaded.
   *
   * @param {Question[]} questions
   */
  async #askQuestions(questions) {
    this.#asked = questions;
    if (questions.length > 0 && !this.#questions) {
      const part = await this.#context.loadPart(() => import("./question-fields.js"));
      if (part && !this.#questions) {
        this.#questions = new part.QuestionFields(this.#context);
        this.#questions.suggest(this.#answers);
        this.#questionsSlot.replaceWith(this.#questions.node);
      }
    }
    this.#questions?.setQuestions(this.#asked);
  }

  /** Without its questions a visit is not booked: they are loaded again, and the visitor is told where that fails. */
  async #repeatQuestions() {
    await this.#askQuestions(this.#asked);
    if (!this.#questions) this.#showProblem({});
    else if (!this.#questions.check()) this.#questions.focusProblem();
  }

  /** @param {TimeRequest} request */
  #querySlots(request = {}) {
    this.#lookup.querySlots(this.#service.value || null, request);
  }

  /** @param {ErrorData} error */
  #acceptRefusal(error) {
    if (error.code === "UNKNOWN_SERVICE") {
      this.#service.clear(); // A name the business no longer uses: let the visitor choose.
      this.#querySlots();
    } else this.#showProblem(error);
  }

  /** @param {Event} event */
  #submitForm(event) {
    event.preventDefault();
    if (this.#command) return;
    this.#showProblem(null);
    if (!this.#questions && this.#asked.length > 0) {
      this.#repeatQuestions();
      return;
    }
    const parts = [
      this.#service,
      ...(this.#service.value ? [this.#picker] : []),
      ...(this.#moves ? [] : [...(this.#questions ? [this.#questions] : []), this.#fields]),
    ];
    const [first] = parts.filter((part) => !part.check()); // All are checked, so that all problems are said at once.
    const { chosen } = this.#picker;
    if (first) first.focusProblem();
    else if (chosen) this.#submitTime(chosen);
  }

  /** @param {Slot} slot */
  #submitTime(slot) {
    this.#failed = null;
    this.#command = this.#moves
      ? this.#actions.move(this.#moves, slot.start)
      : this.#actions.create({ start: slot.start, service: this.#service.value, ...this.#getDetails() });
    this.#keepDraft();
    this.#updateSubmit();
  }

  #getDetails() {
    const answers = this.#questions?.values() ?? {};
    return { ...this.#fields.values(), ...(Object.keys(answers).length > 0 && { answers }) };
  }

  /** @param {Outcome} outcome */
  #acceptOutcome(outcome) {
    this.#failed = this.#command;
    this.#command = null;
    this.#keepDraft();
    if (outcome.type !== "error") {
      this.#fields.clearNote();
      this.#answers = {};
      this.#questions?.clear();
      this.close();
      this.#context.keepDraft(DRAFT, "");
      this.#actions.closeForm(findAppointmentId(outcome));
      return;
    }
    const { data } = outcome;
    if (data.code === "INVALID_CONTACT") {
      this.#fields.refuseContact(explainError(data, this.#context.t));
      return;
    }
    const question = findRefusedQuestion(data);
    // A form that is older than the question gets it with the free times.
    const isOutdated = Boolean(question) && !this.#questions?.markRefused(question);
    if (isOutdated || data.code === "SLOT_TAKEN" || data.code === "INVALID_TIME") {
      this.#querySlots({ date: this.#picker.chosen?.start.slice(0, 10) ?? null });
    }
    this.#showProblem(data);
  }

  /** @param {Partial<ErrorData> | null} error */
  #showProblem(error) {
    setText(this.#problem, error ? explainError(error, this.#context.t) : "");
    setVisible(this.#problem, error !== null);
    const again = (/** @type {Slot} */ slot) => {
      this.#picker.choose(slot);
      this.node.requestSubmit();
    };
    this.#alternatives.replaceChildren(
      ...(error ? buildAlternativeButtons(error, this.#context, again, "booking-alternative") : []),
    );
  }

  /** Until when the visit can be changed, and what it costs later: said before it is booked. */
  #showTerms() {
    const { t, changeDeadlineHours, cancellationFee } = this.#context;
    const [hours, fee] = [changeDeadlineHours(), cancellationFee()];
    setText(this.#deadline, hours ? t.plural("change_deadline", hours) : "");
    setText(this.#fee, fee ? t("cancellation_fee", { fee }) : "");
  }

  #updateSubmit() {
    const { t } = this.#context;
    const labels = this.#moves
      ? { idle: t("move"), underWay: t("moving") }
      : { idle: t("hold"), underWay: t("holding") };
    setText(this.#submit, this.#command ? labels.underWay : labels.idle);
    this.#submit.setAttribute("aria-disabled", String(this.#command !== null)); // It keeps the focus.
  }
}
