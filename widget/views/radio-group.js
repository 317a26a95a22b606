/**
 * Buttons of which one is chosen: one stop for Tab, and the arrow keys choose the next one, as in
 * https://www.w3.org/WAI/ARIA/apg/patterns/radio/.
 */

import { findFocused, h, isRightToLeft } from "../dom.js";

/** @import { Attributes, Child } from "../types.d.ts" */

/** @typedef {{ value: string, class: string, testid: string, content: Child[] }} Option */

export class RadioGroup {
  #onChoose;
  #rendered = "";

  /**
   * @param {Attributes} attributes
   * @param {(value: string) => void} onChoose
   */
  constructor(attributes, onChoose) {
    this.#onChoose = onChoose;
    this.node = h("div", {
      role: "radiogroup",
      onkeydown: (event) => this.#handleKey(event),
      ...attributes,
    });
  }

  get buttons() {
    return /** @type {HTMLElement[]} */ ([...this.node.children]);
  }

  /** The chosen button, or where none is chosen the one that Tab stops at. */
  get current() {
    return this.buttons.find((button) => button.tabIndex === 0);
  }

  /**
   * Offer these options; the buttons of the same ones stay, and with them the focus.
   *
   * @param {Option[]} options
   * @param {string | null | undefined} chosen
   */
  update(options, chosen) {
    const rendered = JSON.stringify(options.map(({ value }) => value));
    if (rendered !== this.#rendered) this.#build(options);
    this.#rendered = rendered;
    const stop = options.some(({ value }) => value === chosen) ? chosen : options[0]?.value;
    for (const button of this.buttons) {
      const { value } = button.dataset;
      button.setAttribute("aria-checked", String(value === chosen));
      button.tabIndex = value === stop ? 0 : -1;
    }
  }

  focus() {
    this.current?.focus();
  }

  /** @param {Option[]} options */
  #build(options) {
    const focused = findFocused(this.node)?.getAttribute("data-value");
    this.node.replaceChildren(
      ...options.map(({ value, class: kind, testid, content }) =>
        h(
          "button",
          {
            role: "radio",
            class: kind,
            "data-testid": testid,
            "data-value": value,
            onclick: () => this.#onChoose(value),
          },
          content,
        ),
      ),
    );
    if (focused) this.buttons.find((button) => button.dataset.value === focused)?.focus();
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    const { buttons } = this;
    const at = buttons.findIndex((button) => button === findFocused(this.node));
    /** @type {Record<string, number>} */
    const steps = { ...(isRightToLeft(this.node) ? MIRRORED : STEPS), Home: -at, End: -at - 1 };
    const next = steps[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    const button = buttons.at((at + next) % buttons.length);
    button?.focus();
    button?.click();
  }
}

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const MIRRORED = { ...STEPS, ArrowRight: -1, ArrowLeft: 1 };
