/**
 * Says that the visitor is offline, or that we can't be reached, and how to reach the business otherwise.
 */

import { h } from "../dom.js";
import { toDialledNumber } from "./venue.js";

/** @import { Context } from "../context.js" */

export class OutageNote {
  #context;
  #rendered = "";

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.node = h("div", { class: "outage", role: "status", "data-testid": "outage" });
  }

  /** Return whether there is an outage. A link that has the focus keeps it while nothing changes. */
  update() {
    const { t, connection, contact } = this.#context;
    const state = connection();
    const isOutage = state === "offline" || state === "unreachable";
    const { phone, email } = contact();
    const rendered = isOutage ? JSON.stringify([state, phone, email]) : "";
    if (rendered === this.#rendered) return isOutage;
    this.#rendered = rendered;
    const links = [
      phone && h("a", { href: `tel:${toDialledNumber(phone)}`, "data-testid": "outage-phone" }, phone),
      email && h("a", { href: `mailto:${encodeURI(email)}`, "data-testid": "outage-email" }, email),
    ].filter((link) => link instanceof HTMLElement);
    const reach = links.length > 0 && h("p", {}, `${t("reach_us")} `, links[0], links[1] && " · ", links[1]);
    this.node.replaceChildren(
      ...(isOutage ? [h("p", {}, state === "offline" ? t("offline") : t("unreachable"))] : []),
      ...(isOutage && reach ? [reach] : []),
    );
    this.node.classList.toggle("problem", isOutage);
    return isOutage;
  }
}
