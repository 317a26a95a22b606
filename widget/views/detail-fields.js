/**
 * Who the visit is for: name, e-mail address and a note.
 */

import { h } from "../dom.js";

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/;

export class DetailFields {
  #name;
  #contact;
  #note;

  constructor({ t }) {
    const input = (id, attributes) => h("input", { class: "input", id, "data-testid": `booking-${id}`, ...attributes });
    const field = (label, hint, control) =>
      h("div", { class: "form-field" },
        h("label", { class: "label", for: control.id }, label, hint && h("span", { class: "optional" }, ` (${hint})`)), control);
    this.#name = input("name", { type: "text", autocomplete: "name", maxlength: "120" });
    this.#contact = input("contact", {
      type: "email", autocomplete: "email", inputmode: "email", maxlength: "254", required: true, "aria-describedby": "contact-hint",
      oninput: () => this.#contact.removeAttribute("aria-invalid"),
    });
    this.#note = h("textarea", { class: "input", id: "note", rows: "2", maxlength: "1000", "data-testid": "booking-note" });
    const contact = field(t.contact, null, this.#contact);
    contact.append(h("p", { class: "hint", id: "contact-hint" }, t.contactHint));
    this.node = h("fieldset", { class: "details" }, h("legend", { class: "unseen" }, t.details),
      field(t.name, t.optional, this.#name), contact, field(t.note, t.optional, this.#note));
  }

  /** Fill in what is known and was not typed over. */
  suggest({ contact }) {
    if (contact && !this.#contact.value) this.#contact.value = contact;
  }

  /** Whether everything needed is there; marks what is not. The server has the last word on addresses. */
  complete() {
    const good = ADDRESS.test(this.#contact.value.trim());
    if (!good) this.refuse();
    return good;
  }

  refuse() {
    this.#contact.setAttribute("aria-invalid", "true");
    this.focus();
  }

  values() {
    const name = this.#name.value.trim();
    const note = this.#note.value.trim();
    return { contact: this.#contact.value.trim(), ...(name && { name }), ...(note && { note }) };
  }

  clearNote() {
    this.#note.value = "";
  }

  focus() {
    this.#contact.focus();
  }
}
