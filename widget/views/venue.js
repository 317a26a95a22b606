/**
 * Where the business is and how to call it: its address and its telephone number, where it gives them.
 */

import { h, setVisible } from "../dom.js";

/** @import { Venue as VenueData } from "../types.d.ts" */

export class Venue {
  #rendered = "";

  constructor() {
    this.node = h("p", { class: "hint venue", "data-testid": "venue", hidden: true });
  }

  /** @param {VenueData} venue */
  update({ address, phone }) {
    const rendered = JSON.stringify([address, phone]);
    if (rendered === this.#rendered) return; // A number that has the focus keeps it.
    this.#rendered = rendered;
    this.node.replaceChildren(
      ...(address ? [h("span", {}, address)] : []),
      ...(address && phone ? [" · "] : []),
      ...(phone ? [h("a", { href: `tel:${toDialledNumber(phone)}`, "data-testid": "phone" }, phone)] : []),
    );
    setVisible(this.node, Boolean(address || phone));
  }
}

/**
 * Return a written number as a `tel` URI has it (RFC 3966): digits, with the + of an international one. In
 * `+49 (0)30 901820` the zero is not dialled.
 *
 * @param {string} phone
 */
export function toDialledNumber(phone) {
  const isInternational = phone.startsWith("+");
  const dialled = isInternational ? phone.replaceAll("(0)", "") : phone;
  return (isInternational ? "+" : "") + dialled.replaceAll(/\D/g, "");
}
