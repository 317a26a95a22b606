/**
 * The menu of the header: take the conversation along by e-mail, or have it ended and forgotten.
 */

import { h } from "../dom.js";
import { menuCss } from "../styles/menu.js";

/** @import { Context } from "../context.js" */

export class Menu {
  #t;
  #actions;
  #button;
  #isAsking = false;

  /**
   * @param {Context} context
   * @param {HTMLButtonElement} button What opens the menu.
   */
  constructor({ t, actions, addStyles }, button) {
    this.#t = t;
    this.#actions = actions;
    this.#button = button;
    this.node = h("div", {
      class: "menu",
      role: "group",
      "aria-label": t("menu"),
      "data-testid": "menu",
      hidden: true,
      onfocusout: ({ relatedTarget }) => this.#handleFocusOut(relatedTarget),
    });
    addStyles(menuCss);
  }

  get isOpen() {
    return !this.node.hidden;
  }

  open() {
    this.#isAsking = false;
    this.#show(
      this.#buildItem("send_transcript", "menu-item", () => {
        this.close();
        this.#actions.requestTranscript();
      }),
      this.#buildItem("end_session", "menu-item", () => this.#askToEnd()),
    );
  }

  /** Close what is innermost: the question, then the menu. */
  back() {
    if (this.#isAsking) this.open();
    else this.close();
  }

  close() {
    const hadFocus = this.node.matches(":focus-within");
    this.#isAsking = false;
    this.node.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (hadFocus) this.#button.focus();
  }

  /** Say that the conversation before this one was ended. */
  showEnd() {
    this.#show(
      h("p", { role: "status", "data-testid": "session-ended" }, this.#t("session_ended")),
      this.#buildItem("end_noticed", "button soft", () => this.close()),
    );
  }

  #askToEnd() {
    this.#show(
      h("p", { id: "end-question" }, this.#t("end_question")),
      this.#buildItem("end_no", "button soft", () => this.back()),
      this.#buildItem("end_yes", "button danger", () => this.#end()),
    );
    this.#isAsking = true;
  }

  #end() {
    this.#actions.endSession();
    this.#isAsking = false;
    this.#show(h("p", { role: "status", tabindex: "-1", "data-testid": "session-ending" }, this.#t("ending")));
  }

  /** @param {HTMLElement[]} parts */
  #show(...parts) {
    this.node.hidden = false;
    this.node.replaceChildren(...parts);
    (parts.find((part) => part.localName === "button") ?? parts[0])?.focus();
    this.#button.setAttribute("aria-expanded", "true");
  }

  /** @param {EventTarget | null} next */
  #handleFocusOut(next) {
    if (next instanceof Node && (this.node.contains(next) || next === this.#button)) return;
    if (next) this.close();
  }

  /**
   * @param {string} id Of the text; also the name for tests.
   * @param {string} className
   * @param {() => void} onclick
   */
  #buildItem(id, className, onclick) {
    const isAnswer = id === "end_yes" || id === "end_no";
    return h(
      "button",
      {
        class: className,
        "data-testid": id.replace("_", "-"),
        "aria-describedby": isAnswer ? "end-question" : null,
        onclick,
      },
      this.#t(id),
    );
  }
}
