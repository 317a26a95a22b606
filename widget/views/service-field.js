/**
 * The field of the booking form in which a visitor chooses the service.
 */

import { h, setText } from "../dom.js";
import { FieldProblem } from "./field-problem.js";

/** @import { Service } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class ServiceField {
  #context;
  #select;
  /** Length and price: a long name leaves no room for them in the field. */
  #facts = h("p", { class: "hint", id: "service-facts", "data-testid": "service-facts" });
  #problem;
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
      "aria-describedby": "service-facts",
      "data-testid": "booking-service",
      onchange: () => {
        this.#problem.show("");
        this.#showFacts();
        onChange();
      },
    });
    this.#problem = new FieldProblem(this.#select, "service-problem");
    this.node = h(
      "div",
      { class: "form-field" },
      h("label", { class: "label", for: "service" }, context.t("service")),
      this.#select,
      this.#problem.node,
      this.#facts,
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
    const chosen = this.value;
    this.#select.replaceChildren(
      h("option", { value: "" }, this.#context.t("choose_service")),
      ...services.map((service) =>
        h("option", { value: service.id }, [service.name, ...this.#listFacts(service)].join(" · ")),
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
    if (id) this.#problem.show("");
    this.#showFacts();
  }

  /** Remove all services, so that none is chosen. */
  clear() {
    this.#select.replaceChildren();
    this.#showFacts();
  }

  /** Return whether a service is chosen; say so if none is. */
  check() {
    return this.#problem.show(this.value ? "" : this.#context.t("need_service"));
  }

  focusProblem() {
    this.#problem.reveal();
  }

  focus() {
    this.#select.focus();
  }

  /** @param {Service} service */
  #listFacts({ duration_minutes: minutes, price }) {
    return [this.#context.t("minutes", { minutes }), price].filter(Boolean);
  }

  #showFacts() {
    const chosen = this.#services.find(({ id }) => id === this.value);
    setText(this.#facts, chosen ? this.#listFacts(chosen).join(" · ") : "");
  }
}
