/**
 * The field of the booking form in which a visitor chooses the service.
 */

import { h } from "../dom.js";

/** @import { Service } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class ServiceField {
  #context;
  #select;
  /** @type {Service[]} */
  #services = [];

  /**
   * @param {Context} context
   * @param {{ onChange: () => void }} options
   */
  constructor(context, { onChange }) {
    this.#context = context;
    this.#select = h("select", {
      class: "input",
      id: "service",
      "data-testid": "booking-service",
      onchange: onChange,
    });
    this.node = h(
      "div",
      { class: "form-field" },
      h("label", { class: "label", for: "service" }, context.t("service")),
      this.#select,
    );
  }

  /** The id of the chosen service, or an empty string. */
  get value() {
    return this.#select.value;
  }

  /** @param {Service[]} services */
  setServices(services) {
    if (services.length === 0) return;
    this.#services = services;
    const { t } = this.#context;
    const chosen = this.value;
    this.#select.replaceChildren(
      h("option", { value: "" }, t("choose_service")),
      ...services.map(({ id, name, duration_minutes: minutes, price }) =>
        h("option", { value: id }, [name, t("minutes", { minutes }), price].filter(Boolean).join(" · ")),
      ),
    );
    this.choose(chosen);
  }

  /**
   * Choose a service by its id, also one that the list does not have yet.
   *
   * @param {string | null | undefined} id
   */
  choose(id) {
    const known = this.#services.some((service) => service.id === id);
    if (id && !known) this.#select.append(h("option", { value: id }, this.#context.serviceName(id)));
    this.#select.value = id ?? "";
  }

  /** Remove all services, so that none is chosen. */
  clear() {
    this.#select.replaceChildren();
  }

  focus() {
    this.#select.focus();
  }
}
