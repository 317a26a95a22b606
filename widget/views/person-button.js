/**
 * The button with which a visitor asks for a person; the panel opens the form.
 */

import { buildIcon, h } from "../dom.js";

/** @import { Context } from "../context.js" */

/** The event that a press sends through the tree of the panel. */
export const PERSON = "stride-person";

/** @param {Context["t"]} t */
export function buildPersonButton(t, { className = "button soft", testid = "offer-person" } = {}) {
  /** @type {HTMLButtonElement} */
  const button = h(
    "button",
    {
      class: className,
      "data-testid": testid,
      onclick: () => button.dispatchEvent(new Event(PERSON, { bubbles: true })),
    },
    buildIcon("person"),
    t("person"),
  );
  return button;
}
