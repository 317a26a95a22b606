/**
 * Says that the free times could not be loaded, and offers to query them again.
 */

import { h, say, show } from "../dom.js";

/** @import { Context } from "../context.js" */

export class LookupNotice {
  #t;
  #text = h("p", { class: "problem", role: "alert", "data-testid": "times-lost" });

  /**
   * @param {Context} context
   * @param {{ onRetry: () => void }} options
   */
  constructor({ t }, { onRetry }) {
    this.#t = t;
    this.node = h(
      "div",
      { class: "form-field", hidden: true },
      this.#text,
      h("button", { type: "button", class: "button soft", "data-testid": "times-retry", onclick: onRetry }, t("retry")),
    );
  }

  /** @param {string | undefined} message */
  show(message) {
    say(this.#text, message || this.#t("times_lost"));
    show(this.node, true);
  }

  hide() {
    say(this.#text, ""); // Or the next time would say nothing new, and not be read out.
    show(this.node, false);
  }
}
