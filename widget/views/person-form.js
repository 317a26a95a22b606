/**
 * The sheet on which a visitor asks for a person: what it is about, and where they can be reached. Loaded when it is
 * needed.
 */

import { formatDay, formatTime } from "../dates.js";
import { buildIcon, h, setText, setVisible } from "../dom.js";
import { explainError } from "./explanation.js";

/** @import { State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** The name under which a message that is not sent yet is kept. */
const DRAFT = "person";

export class PersonForm {
  #context;
  #onClose;
  #hours = h("p", { class: "hint", role: "status", "data-testid": "person-hours" });
  /** @type {HTMLTextAreaElement} */
  #note;
  #contact;
  #problem = h("p", { class: "problem", role: "alert", "data-testid": "person-problem", hidden: true });
  #submit;
  /** @type {string | null} */
  #query = null;
  /** @type {string | null} */
  #command = null;

  /**
   * @param {Context} context
   * @param {() => void} onClose
   */
  constructor(context, onClose) {
    const { t } = context;
    this.#context = context;
    this.#onClose = onClose;
    /**
     * @param {string} label
     * @param {HTMLElement} control
     */
    const field = (label, control) =>
      h(
        "div",
        { class: "form-field" },
        h("label", { class: "label", for: control.id }, label, h("span", { class: "optional" }, ` (${t("optional")})`)),
        control,
      );
    this.#note = h("textarea", {
      class: "input",
      id: "person-note",
      rows: "4",
      maxlength: "1000",
      "data-testid": "person-note",
      oninput: () => context.keepDraft(DRAFT, this.#note.value),
    });
    this.#note.value = context.findDraft(DRAFT);
    this.#contact = h("input", {
      class: "input",
      id: "person-contact",
      oninput: () => this.#showProblem(""),
      type: "text",
      inputmode: "email",
      autocomplete: "email",
      autocapitalize: "none",
      spellcheck: "false",
      maxlength: "254",
      "aria-describedby": "person-problem",
      "data-testid": "person-contact",
    });
    this.#problem.id = "person-problem";
    this.#submit = h("button", { type: "submit", class: "button wide", "data-testid": "person-submit" }, t("send"));
    this.node = h(
      "form",
      {
        class: "sheet",
        part: "person",
        "data-testid": "person-form",
        "aria-labelledby": "person-title",
        novalidate: true,
        hidden: true,
        onsubmit: (event) => this.#send(event),
      },
      h(
        "div",
        { class: "sheet-head" },
        h(
          "button",
          {
            class: "icon-button",
            "aria-label": t("back"),
            "data-testid": "person-back",
            onclick: onClose,
          },
          buildIcon("back"),
        ),
        h("h2", { class: "sheet-title", id: "person-title" }, t("person")),
      ),
      h(
        "div",
        { class: "sheet-body" },
        h("p", {}, t("person_hint")),
        this.#hours,
        field(t("person_note"), this.#note),
        field(t("contact_both_label"), this.#contact),
      ),
      h("div", { class: "sheet-foot" }, this.#problem, this.#submit),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Ask when the business is open; what was typed before is still there. */
  open() {
    this.#query = this.#context.actions.querySlots({ days: 1 }, {});
    this.#command = null;
    this.#submit.disabled = false;
    this.#showProblem("");
    setVisible(this.node, true);
    this.#note.focus();
  }

  close() {
    setVisible(this.node, false);
  }

  /** @param {State} state */
  update({ outcomes }) {
    if (!this.isOpen) return;
    const offer = this.#query ? outcomes[this.#query] : null;
    if (offer?.type === "booking.slots") this.#showHours(offer.data.opens_at);
    const ended = this.#command ? outcomes[this.#command] : null;
    if (!ended) return;
    this.#command = null;
    this.#submit.disabled = false;
    if (ended.type === "error") {
      const isContact = ended.data.code === "INVALID_CONTACT";
      this.#showProblem(explainError(ended.data, this.#context.t), isContact ? this.#contact : this.#submit);
    } else {
      this.#note.value = "";
      this.#context.keepDraft(DRAFT, "");
      this.#onClose();
    }
  }

  /** @param {string | undefined} opensAt */
  #showHours(opensAt) {
    const { t, locale, zone } = this.#context;
    const closed = opensAt && new Date(opensAt) > new Date();
    const when = closed && `${formatDay(opensAt, locale, zone())}, ${formatTime(opensAt, locale, zone())}`;
    setText(this.#hours, when ? t("person_closed", { when }) : "");
  }

  /** @param {Event} event */
  #send(event) {
    event.preventDefault();
    if (this.#submit.disabled) return;
    this.#submit.disabled = true;
    this.#command = this.#context.actions.askPerson({
      note: this.#note.value.trim(),
      contact: this.#contact.value.trim(),
    });
    if (!this.#context.connected()) this.#showProblem(this.#context.t("unsent"));
  }

  /**
   * @param {string} text
   * @param {HTMLElement} [focused]
   */
  #showProblem(text, focused) {
    setText(this.#problem, text);
    setVisible(this.#problem, text !== "");
    this.#contact.setAttribute("aria-invalid", String(focused === this.#contact));
    focused?.focus();
  }
}
