/**
 * Who the visit is for: name, e-mail address or telephone number, and a note.
 */

import { h, setText, setVisible } from "../dom.js";
import { FieldProblem } from "./field-problem.js";
import { RadioGroup } from "./radio-group.js";

/** @import { Attributes, ContactKind, FormDraft } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** What is plausible; the server has the last word. Numbers are written with spaces, dots, dashes and brackets. */
const PLAUSIBLE = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/,
  phone: /^\+?(?:[\s()./-]*\d){7,15}[\s)]*$/,
};
/** @type {Record<ContactKind, { type: string, inputMode: string, autocomplete: AutoFill }>} */
const KEYBOARDS = {
  email: { type: "text", inputMode: "email", autocomplete: "email" },
  phone: { type: "tel", inputMode: "tel", autocomplete: "tel" },
};

export class DetailFields {
  #name;
  #contact;
  #note;
  #t;
  #contactLabel = h("span");
  #contactHint = h("p", { class: "hint", id: "contact-hint" });
  #problem;
  /** Which keyboard is wanted; a contact of the other kind is accepted as well. */
  #kindChoice;
  /** @type {ContactKind[]} */
  #kinds = [];
  /** @type {ContactKind} */
  #kind = "email";

  /** @param {Context} context */
  constructor({ t }) {
    this.#t = t;
    const input = (/** @type {string} */ id, /** @type {Attributes} */ attributes) =>
      h("input", { class: "input", id, "data-testid": `booking-${id}`, ...attributes });
    /**
     * @param {string | HTMLElement} label
     * @param {string | null} hint
     * @param {HTMLElement} control
     * @param {HTMLElement[]} more
     */
    const field = (label, hint, control, ...more) =>
      h(
        "div",
        { class: "form-field" },
        h("label", { class: "label", for: control.id }, label, hint && h("span", { class: "optional" }, ` (${hint})`)),
        control,
        ...more,
      );
    this.#name = input("name", { type: "text", autocomplete: "name", maxlength: "120" });
    this.#contact = input("contact", {
      autocapitalize: "none",
      spellcheck: "false",
      maxlength: "254",
      required: true,
      dir: "ltr",
      "aria-describedby": "contact-hint",
      oninput: () => this.#problem.show(""),
    });
    this.#problem = new FieldProblem(this.#contact, "contact-problem");
    this.#note = h("textarea", {
      class: "input",
      id: "note",
      rows: "2",
      maxlength: "1000",
      "data-testid": "booking-note",
    });
    this.#kindChoice = new RadioGroup({ class: "row", "aria-label": t("contact_both_label") }, (kind) => {
      this.#chooseKind(/** @type {ContactKind} */ (kind));
      this.#problem.show("");
    });
    this.setContactKinds(["email"]);
    this.node = h(
      "fieldset",
      { class: "details" },
      h("legend", { class: "unseen" }, t("details")),
      field(t("name"), t("optional"), this.#name),
      this.#kindChoice.node,
      field(this.#contactLabel, null, this.#contact, this.#problem.node, this.#contactHint),
      field(t("note"), t("optional"), this.#note),
    );
  }

  /**
   * Take the kinds of contact that the business can write to: `email`, `phone` or both.
   *
   * @param {ContactKind[]} kinds
   */
  setContactKinds(kinds) {
    const known = kinds.filter((kind) => kind in PLAUSIBLE);
    const [first] = known;
    if (!first || String(known) === String(this.#kinds)) return;
    this.#kinds = known;
    setVisible(this.#kindChoice.node, known.length > 1);
    this.#chooseKind(known.includes(this.#kind) ? this.#kind : first);
  }

  /** @param {ContactKind} kind */
  #chooseKind(kind) {
    this.#kind = kind;
    this.#kindChoice.update(
      this.#kinds.map((each) => ({
        value: each,
        class: "chip",
        testid: `contact-${each}`,
        content: [this.#t(`contact_${each}_label`)],
      })),
      kind,
    );
    setText(this.#contactLabel, this.#t(`contact_${kind}_label`));
    setText(this.#contactHint, this.#t(`contact_${kind}_hint`));
    Object.assign(this.#contact, KEYBOARDS[kind]);
  }

  /**
   * Fill in what is known and was not typed over.
   *
   * @param {Partial<FormDraft>} known
   */
  suggest({ name, contact, note }) {
    for (const [field, text] of /** @type {const} */ ([
      [this.#name, name],
      [this.#contact, contact],
      [this.#note, note],
    ])) {
      if (typeof text === "string" && !field.value) field.value = text;
    }
    const other = this.#kinds.find((kind) => PLAUSIBLE[kind].test(this.#contact.value.trim()));
    if (other) this.#chooseKind(other);
  }

  /**
   * Ask for another contact than the last one.
   *
   * @param {ContactKind | null | undefined} kind
   */
  askForContact(kind) {
    if (kind && this.#kinds.includes(kind)) this.#chooseKind(kind);
    this.#contact.value = "";
    this.#contact.focus();
  }

  /** Return whether everything needed is there; say what is not. */
  check() {
    const isPlausible = this.#kinds.some((kind) => PLAUSIBLE[kind].test(this.#contact.value.trim()));
    return this.#problem.show(isPlausible ? "" : this.#t(`contact_${this.#kind}_request`));
  }

  focusProblem() {
    this.#problem.reveal();
  }

  /**
   * Say why the server refuses the contact.
   *
   * @param {string} sentence
   */
  refuseContact(sentence) {
    this.#problem.show(sentence);
    this.focusProblem();
  }

  values() {
    const name = this.#name.value.trim();
    const note = this.#note.value.trim();
    return { contact: this.#contact.value.trim(), ...(name && { name }), ...(note && { note }) };
  }

  clearNote() {
    this.#note.value = "";
  }
}
