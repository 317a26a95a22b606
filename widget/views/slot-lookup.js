/**
 * Queries the free times for the booking form and gives them to its time picker. Where they could not be loaded it
 * says so and offers to repeat the query.
 */

import { toDateKey } from "../dates.js";
import { h, setText, setVisible } from "../dom.js";
import { DAYS_AT_ONCE } from "./time-picker.js";

/** @import { CommandData, ErrorData, Frame, Outcome, SlotsData, State, TimeRequest } from "../types.d.ts" */
/** @import { Context } from "../context.js" */
/** @import { TimePicker } from "./time-picker.js" */

export class SlotLookup {
  #context;
  #picker;
  #onOffer;
  #onRefusal;
  #onRepeat;
  /** @type {string | null} */
  #query = null;
  /** @type {CommandData} */
  #queryData = {};
  #failure = h("p", { class: "problem", role: "alert", "data-testid": "times-lost" });

  /**
   * `onOffer(data)` is called with each answer before its times are displayed, `onRefusal(error)` with an error that a
   * repeated query would only get again, `onRepeat()` when the button that had the focus is gone.
   *
   * @param {Context} context
   * @param {{
   *   picker: TimePicker,
   *   onOffer: (data: SlotsData) => void,
   *   onRefusal: (error: ErrorData) => void,
   *   onRepeat: () => void,
   * }} options
   */
  constructor(context, { picker, onOffer, onRefusal, onRepeat }) {
    this.#context = context;
    this.#picker = picker;
    this.#onOffer = onOffer;
    this.#onRefusal = onRefusal;
    this.#onRepeat = onRepeat;
    this.node = h(
      "div",
      { class: "form-field", hidden: true },
      this.#failure,
      h(
        "button",
        { class: "button soft", "data-testid": "times-retry", onclick: () => this.#repeatQuery() },
        context.t("retry"),
      ),
    );
  }

  /**
   * Query the times of a service, or only the services while none is chosen.
   *
   * @param {string | null} service
   * @param {TimeRequest} request
   */
  querySlots(service, request = {}) {
    if (!service) {
      this.#picker.hide();
      this.#sendQuery({ days: 1 });
      return;
    }
    const from = decideQueryStart(request, this.#context.zone());
    this.#picker.startWaiting(from, { request });
    this.#sendQuery({ service, days: DAYS_AT_ONCE, ...(from && { from }) });
  }

  /**
   * Query the times of the same service from a later day on.
   *
   * @param {string} from
   */
  queryMoreSlots(from) {
    this.#picker.waitForMore(from);
    this.#sendQuery({ service: this.#queryData.service, from, days: DAYS_AT_ONCE });
  }

  drop() {
    this.#query = null;
    this.#context.actions.dropQuery();
  }

  /** @param {State} state */
  update(state) {
    const outcome = this.#query && state.outcomes[this.#query];
    if (outcome) this.#acceptAnswer(outcome);
  }

  /**
   * @param {CommandData} data
   * @param {{ id?: string }} again
   */
  #sendQuery(data, { id } = {}) {
    this.#hideFailure();
    this.#queryData = data;
    this.#query = this.#context.actions.querySlots(data, { id });
  }

  /** Repeat the query under the same id: the answer to the first is then accepted as well. */
  #repeatQuery() {
    if (this.#queryData.service) this.#picker.waitForMore(this.#queryData.from ?? null);
    this.#sendQuery(this.#queryData, { id: this.#query ?? undefined });
    this.#onRepeat();
  }

  /** @param {Outcome} outcome */
  #acceptAnswer(outcome) {
    if (outcome.type === "unanswered" || (outcome.type === "error" && outcome.data.retryable)) {
      this.#picker.showFailure();
      this.#showFailure(outcome.data.message);
      return;
    }
    this.#query = null;
    this.#hideFailure();
    if (outcome.type === "booking.slots") this.#showSlots(outcome);
    else if (outcome.type === "error") {
      this.#picker.showFailure();
      this.#onRefusal(outcome.data);
    }
  }

  /** @param {Frame<"booking.slots">} answer */
  #showSlots({ data }) {
    const { service } = this.#queryData;
    this.#onOffer(data);
    if (service) this.#picker.add({ ...data, slots: data.slots.filter((slot) => slot.service === service) });
  }

  /** @param {string | undefined} message */
  #showFailure(message) {
    setText(this.#failure, message || this.#context.t("times_lost"));
    setVisible(this.node, true);
  }

  #hideFailure() {
    setText(this.#failure, ""); // Or the next time would say nothing new, and not be read out.
    setVisible(this.node, false);
  }
}

/**
 * Begin today where that shows the requested day, too: the visitor sees earlier days as well.
 *
 * @param {TimeRequest} request
 * @param {string | undefined} zone
 */
function decideQueryStart({ date, start }, zone) {
  const requested = date ?? (start ? toDateKey(start, zone) : null);
  const soon = toDateKey(Date.now() + (DAYS_AT_ONCE - 2) * 24 * 60 * 60 * 1000, zone);
  return requested && requested > soon ? requested : null;
}
