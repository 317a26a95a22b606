/**
 * Who the visit is for: name, e-mail address or telephone number, and a note.
 */

import { h } from "../dom.js";

/** @import { Attributes, ContactKind } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** What is plausible; the server has the last word. Numbers are written with spaces, dots, dashes and brackets. */
const PLAUSIBLE = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/,
  phone: /^\+?(?:[\s()./-]*\d){7,15}[\s)]*$/,
};
/** One field takes both, so the keyboard has characters, "@" and digits. */
const KEYBOARDS = { email: "email", phone: "tel", both: "email" };

export class DetailFields {
  #name;
  #contact;
  #note;
  #t;
  #contactLabel = h("span");
  #contactHint = h("p", { class: "hint", id: "contact-hint" });
  /** @type {ContactKind[]} */
  #kinds = [];

  /** @param {Context} context */
  constructor({ t }) {
    this.#t = t;
    const input = (/** @type {string} */ id, /** @type {Attributes} */ attributes) =>
      h("input", { class: "input", id, "data-testid": `booking-${id}`, ...attributes });
    /**
     * @param {string | HTMLElement} label
     * @param {string | null} hint
     * @param {HTMLElement} control
     */
    const field = (label, hint, control) =>
      h(
        "div",
        { class: "form-field" },
        h("label", { class: "label", for: control.id }, label, hint && h("span", { class: "optional" }, ` (${hint})`)),
        control,
      );
    this.#name = input("name", { type: "text", autocomplete: "name", maxlength: "120" });
    this.#contact = input("contact", {
      type: "text",
      autocapitalize: "none",
      spellcheck: "false",
      maxlength: "254",
      required: true,
      "aria-describedby": "contact-hint",
      oninput: () => this.#contact.removeAttribute("aria-invalid"),
    });
    this.#note = h("textarea", {
      class: "input",
      id: "note",
      rows: "2",
      maxlength: "1000",
      "data-testid": "booking-note",
    });
    const contact = field(this.#contactLabel, null, this.#contact);
    contact.append(this.#contactHint);
    this.setContactKinds(["email"]);
    this.node = h(
      "fieldset",
      { class: "details" },
      h("legend", { class: "unseen" }, t("details")),
      field(t("name"), t("optional"), this.#name),
      contact,
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
    if (known.length === 0 || String(known) === String(this.#kinds)) return;
    this.#kinds = known;
    this.#contactLabel.textContent = this.#t(`contact_${this.#asked}_label`);
    this.#contactHint.textContent = this.#t(`contact_${this.#asked}_hint`);
    this.#contact.inputMode = KEYBOARDS[this.#asked];
    this.#contact.autocomplete = this.#asked === "phone" ? "tel" : "email";
  }

  /** The sentence that asks for a better contact. */
  get request() {
    return this.#t(`contact_${this.#asked}_request`);
  }

  /**
   * Fill in what is known and was not typed over.
   *
   * @param {{ contact?: string | null }} known
   */
  suggestContact({ contact }) {
    if (contact && !this.#contact.value) this.#contact.value = contact;
  }

  /** Ask for another contact than the last one. */
  askForContact() {
    this.#contact.value = "";
    this.#contact.focus();
  }

  /** Whether everything needed is there. */
  get complete() {
    return this.#kinds.some((kind) => PLAUSIBLE[kind].test(this.#contact.value.trim()));
  }

  /** Mark the contact and bring it into view: a field that has the focus already is not scrolled to by `focus()`. */
  markContactInvalid() {
    this.#contact.setAttribute("aria-invalid", "true");
    this.#contact.focus();
    this.#contact.parentElement?.scrollIntoView({ block: "nearest" });
  }

  values() {
    const name = this.#name.value.trim();
    const note = this.#note.value.trim();
    return { contact: this.#contact.value.trim(), ...(name && { name }), ...(note && { note }) };
  }

  clearNote() {
    this.#note.value = "";
  }

  get #asked() {
    return this.#kinds.length > 1 ? "both" : (this.#kinds[0] ?? "email");
  }
}
