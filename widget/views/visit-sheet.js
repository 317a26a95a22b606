/**
 * The appointment of a link in an e-mail. It is only displayed until the visitor presses a button:
 * whatever else opens the page, a mail scanner for instance, changes nothing.
 */

import { h, buildIcon, setText, setVisible } from "../dom.js";
import { visitCss } from "../styles/visit.js";
import { CancelQuestion } from "./cancel-question.js";
import { explainError } from "./explanation.js";
import { VisitFacts } from "./visit-facts.js";

/** @import { Appointment, Child, DetailsData, ErrorData, Link, Outcome, State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

const TOPIC = "link";

export class VisitSheet {
  #context;
  #actions;
  /** @type {Link | null} */
  #link = null;
  /** @type {DetailsData | null} */
  #visit = null;
  /**
   * Why there is no visit, or what a visit's change was refused with.
   *
   * @type {"broken" | "unknown" | "lost" | Partial<ErrorData> | null}
   */
  #problem = null;
  /** @type {string | null} */
  #query = null;
  #lookedUpOn = 0;
  /** @type {string | null} */
  #command = null;
  #title = h("h2", { class: "sheet-title", id: "visit-title", tabindex: "-1" });
  #facts;
  #complaint = h("p", { class: "problem", role: "alert", "data-testid": "visit-problem", hidden: true });
  #question;
  #buttons;
  #row;
  #foot;

  /** @param {Context} context */
  constructor(context) {
    const { t, actions } = context;
    this.#context = context;
    this.#actions = actions;
    context.addStyles(visitCss);
    this.#facts = new VisitFacts(context);
    this.#question = new CancelQuestion(context, {
      onYes: () => this.#cancel(),
      onNo: () => this.#handleKept(),
      testid: "visit-cancel",
    });
    /**
     * @param {string} name
     * @param {() => void} onclick
     * @param {Child[]} content
     */
    const button = (name, onclick, ...content) =>
      h("button", { class: "button wide", "data-testid": `visit-${name}`, onclick, hidden: true }, ...content);
    this.#buttons = {
      retry: button("retry", () => this.#queryVisit(), t("retry")),
      move: button("move", () => this.#move(), buildIcon("calendar"), t("move")),
      cancel: button("cancel", () => this.#askToCancel(), t("cancel_visit")),
      again: button("again", () => actions.book({ service: this.#visit?.service }), buildIcon("calendar"), t("again")),
    };
    this.#row = h("div", { class: "sheet-buttons" }, Object.values(this.#buttons));
    this.#foot = h("div", { class: "sheet-foot" }, this.#question.node, this.#row);
    const back = h(
      "button",
      {
        class: "icon-button",
        "aria-label": t("back"),
        "data-testid": "visit-back",
        onclick: () => actions.closeVisit(),
      },
      buildIcon("back"),
    );
    this.node = h(
      "section",
      { class: "sheet", part: "visit", "aria-labelledby": "visit-title", "data-testid": "visit-sheet", hidden: true },
      h("div", { class: "sheet-head" }, back, this.#title),
      h("div", { class: "sheet-body" }, this.#facts.node, this.#complaint),
      this.#foot,
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /**
   * Show what a link (`{ purpose, token }`) is about; it is looked up as soon as a connection is open.
   *
   * @param {Link} link
   */
  open(link) {
    this.#link = link;
    this.#visit = null;
    this.#query = null;
    this.#command = null;
    this.#problem = link.token ? null : "broken";
    this.#lookedUpOn = 0;
    this.#question.hide();
    setText(this.#title, this.#context.t("your_visit"));
    setVisible(this.node, true);
    this.#draw();
    this.focus();
  }

  close() {
    setVisible(this.node, false);
    this.#question.hide();
    this.#link = null;
    this.#actions.dropQuery(TOPIC);
  }

  focus() {
    this.#title.focus({ preventScroll: true });
  }

  /** @param {State} state */
  update(state) {
    if (!this.isOpen) return;
    const outcome = this.#command && state.outcomes[this.#command];
    if (outcome) this.#acceptOutcome(outcome);
    const answer = this.#query && state.outcomes[this.#query];
    if (answer) this.#acceptAnswer(answer);
    if (this.isOpen) this.#refreshVisit();
  }

  /** After a new connection the result may be out of date; an unanswered query is repeated by itself. */
  #refreshVisit() {
    const connection = this.#context.welcomes();
    if (connection === this.#lookedUpOn || this.#command || this.#problem === "unknown" || this.#problem === "broken") {
      return;
    }
    if (this.#query && this.#problem !== "lost") this.#lookedUpOn = connection;
    else this.#queryVisit();
  }

  #queryVisit() {
    if (!this.#link?.token) return;
    this.#problem = null;
    this.#lookedUpOn = this.#context.welcomes();
    const again = this.#query ? { id: this.#query } : {};
    this.#query = this.#actions.queryVisit(
      { link: this.#link.token },
      { topic: TOPIC, purpose: this.#link.purpose, ...again },
    );
    this.#draw();
  }

  /** @param {Outcome} outcome */
  #acceptAnswer(outcome) {
    if (outcome.type === "unanswered" && !this.#visit) {
      if (this.#problem === "lost") return; // Already said; an answer that comes late is still welcome.
      this.#problem = "lost";
    } else {
      this.#query = null;
      if (outcome.type === "booking.details") [this.#visit, this.#problem] = [outcome.data, null];
      else if (isUnknown(outcome)) this.#problem = "unknown";
      else if (!this.#visit) this.#problem = findError(outcome);
    }
    this.#draw();
  }

  #askToCancel() {
    this.#problem = null;
    this.#question.ask();
    this.#draw();
  }

  #handleKept() {
    this.#draw();
    this.#buttons.cancel.focus();
  }

  #cancel() {
    const appointment = this.#buildReference();
    if (this.#command || !appointment) return;
    this.#command = this.#actions.cancel(appointment);
    this.#draw();
  }

  #move() {
    const appointment = this.#buildReference();
    if (appointment) this.#actions.book({ appointment });
  }

  /** @param {Outcome} outcome */
  #acceptOutcome(outcome) {
    this.#command = null;
    this.#question.hide();
    if (outcome.type === "booking.cancelled") {
      this.#actions.closeVisit(outcome.data.appointment_id);
      return;
    }
    this.#problem = isUnknown(outcome) ? "unknown" : findError(outcome);
    this.#draw();
    this.focus();
  }

  #draw() {
    if (!this.#link) return;
    const { t } = this.#context;
    const { purpose } = this.#link;
    const isUseless = this.#problem === "unknown" || this.#problem === "broken";
    const visit = isUseless ? null : this.#visit;
    const problem = this.#describeProblem();
    if (visit) this.#facts.show(visit, purpose);
    else this.#facts.showNote(problem || t("looking_up"));
    const refused = visit ? problem : "";
    setText(this.#complaint, refused);
    setVisible(this.#complaint, refused !== "");
    const mayCancel = visit?.can_cancel === true && purpose === "cancel";
    if (!mayCancel && !this.#command) this.#question.hide();
    this.#question.update(this.#command ? { type: "booking.cancel" } : null);
    setVisible(this.#row, !this.#question.isAsked);
    setVisible(this.#buttons.retry, !visit && !isUseless && this.#problem !== null);
    setVisible(this.#buttons.cancel, mayCancel);
    setVisible(this.#buttons.move, visit?.can_reschedule === true && purpose === "move");
    setVisible(this.#buttons.again, isUseless || visit?.state === "cancelled");
    setVisible(this.#foot, this.#question.isAsked || Object.values(this.#buttons).some((button) => !button.hidden));
  }

  /** What the problem says to the visitor; nothing where there is none. */
  #describeProblem() {
    const { t } = this.#context;
    if (this.#problem === null) return "";
    const sentences = { broken: t("link_broken"), unknown: t("link_unknown"), lost: t("visit_lost") };
    return typeof this.#problem === "string" ? sentences[this.#problem] : explainError(this.#problem, t);
  }

  /**
   * The visit as a card has it, to be changed by its link.
   *
   * @returns {Appointment | null}
   */
  #buildReference() {
    if (!this.#visit || !this.#link?.token) return null;
    return { ...this.#visit, stage: this.#visit.state, may: { link: this.#link.token } };
  }
}

/** @param {Outcome} outcome */
function findError(outcome) {
  return outcome.type === "error" ? outcome.data : {};
}

/** @param {Outcome} outcome */
function isUnknown(outcome) {
  return outcome.type === "error" && outcome.data.code === "UNKNOWN_APPOINTMENT";
}
