/**
 * A held time that was filled while its code was awaited: another one is to be chosen, or none.
 */

import { h, buildIcon } from "../dom.js";

/** @import { AppointmentEntry, Busy } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class AnotherTime {
  #more;
  #release;
  #entry;

  /**
   * @param {Context} context
   * @param {AppointmentEntry} entry
   */
  constructor({ t, actions }, entry) {
    this.#entry = entry;
    this.#more = h(
      "button",
      {
        class: "button",
        "data-testid": "choose-another",
        onclick: () => actions.book({ appointment: this.#entry }),
      },
      buildIcon("calendar"),
      t("more_times"),
    );
    this.#release = h(
      "button",
      { class: "link", "data-testid": "release", onclick: () => actions.cancel(this.#entry) },
      t("give_up"),
    );
    this.node = h(
      "div",
      { class: "confirmation", "data-testid": "stage-taken" },
      h("div", { class: "row" }, this.#more, this.#release),
    );
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {Busy} busy
   */
  update(entry, busy) {
    this.#entry = entry;
    for (const button of [this.#more, this.#release]) button.disabled = busy !== null;
  }
}
