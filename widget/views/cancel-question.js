/**
 * Asks once more before a visit is cancelled.
 */

import { h, setText, setVisible } from "../dom.js";
import { cancelQuestionCss } from "../styles/cancel-question.js";

/** @import { Busy } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class CancelQuestion {
  #t;
  #yes;
  #text;
  #onNo;

  /**
   * @param {Pick<Context, "t" | "addStyles">} context
   * @param {{ onYes: () => void, onNo: () => void, testid?: string }} options
   */
  constructor({ t, addStyles }, { onYes, onNo, testid = "cancel" }) {
    this.#t = t;
    this.#onNo = onNo;
    addStyles(cancelQuestionCss);
    // A double click on "cancel" must not answer this question too: its second half may land on either button.
    const answer = (/** @type {() => void} */ act) => (/** @type {MouseEvent} */ event) => {
      if (event.detail < 2) act();
    };
    this.#yes = h(
      "button",
      { class: "button danger", "data-testid": `${testid}-yes`, onclick: answer(onYes) },
      t("cancel_yes"),
    );
    const no = h(
      "button",
      { class: "button soft", "data-testid": `${testid}-no`, onclick: answer(() => this.#dismiss()) },
      t("cancel_no"),
    );
    this.#text = h("p", { tabindex: "-1", class: "question" }, t("cancel_sure"));
    this.node = h(
      "div",
      { class: "sure", role: "group", "aria-label": t("cancel_sure"), hidden: true },
      this.#text,
      h("div", { class: "row" }, this.#yes, no),
    );
  }

  get isAsked() {
    return !this.node.hidden;
  }

  /** The focus goes to the question: a key still held down must not answer it. */
  ask() {
    setVisible(this.node, true);
    this.#text.focus();
  }

  hide() {
    setVisible(this.node, false);
  }

  #dismiss() {
    this.hide();
    this.#onNo();
  }

  /** @param {Busy} busy */
  update(busy) {
    this.#yes.disabled = busy !== null;
    setText(this.#yes, busy?.type === "booking.cancel" ? this.#t("cancelling") : this.#t("cancel_yes"));
  }
}
