/**
 * The sentence below a field that says what is wrong with it, and that the field is described by.
 */

import { h, setText, setVisible } from "../dom.js";

export class FieldProblem {
  #control;

  /**
   * @param {HTMLElement} control
   * @param {string} id
   */
  constructor(control, id) {
    this.#control = control;
    this.node = h("p", { class: "hint wrong", id, "data-testid": id, hidden: true });
    const described = [control.getAttribute("aria-describedby"), id].filter(Boolean).join(" ");
    control.setAttribute("aria-describedby", described);
  }

  get exists() {
    return !this.node.hidden;
  }

  /**
   * Say what is wrong; nothing is, if the text is empty. Returns whether nothing is.
   *
   * @param {string} text
   */
  show(text) {
    setText(this.node, text);
    setVisible(this.node, text !== "");
    if (text) this.#control.setAttribute("aria-invalid", "true");
    else this.#control.removeAttribute("aria-invalid");
    return text === "";
  }

  /**
   * Go to the field. The focus alone does not scroll to one that has it already.
   *
   * @param {{ focus: () => void }} field
   */
  reveal(field = this.#control) {
    field.focus();
    this.#control.parentElement?.scrollIntoView({ block: "nearest" });
  }
}
