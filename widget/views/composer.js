/**
 * Where the visitor writes: Enter sends, Shift+Enter starts a new line, a counter warns before the limit.
 */

import { h, buildIcon, setText, setVisible } from "../dom.js";
import { buildPersonButton } from "./person-button.js";
import { OutageNote } from "./outage.js";

/** @import { State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

const WARN_BELOW = 200;
const DRAFT = "message";

export class Composer {
  #input;
  #send;
  #counter;
  #stop;
  #person;
  #outage;
  #limit = 4000;
  #context;
  #actions;
  #t;

  /** @param {Context} context */
  constructor(context) {
    const { t, actions } = context;
    this.#context = context;
    this.#t = t;
    this.#actions = actions;
    this.#outage = new OutageNote(context);
    this.#input = h("textarea", {
      class: "input",
      rows: "1",
      "aria-label": t("message"),
      placeholder: t("placeholder"),
      enterkeyhint: "send",
      "data-testid": "composer-input",
      "aria-describedby": "counter",
      oninput: () => this.#noteInput(),
      onkeydown: (event) => this.#handleKey(event),
    });
    this.#send = h(
      "button",
      { type: "submit", class: "send", "aria-label": t("send"), "data-testid": "send", disabled: true },
      buildIcon("send"),
    );
    this.#counter = h("p", { class: "counter", id: "counter", "data-testid": "counter", role: "status" });
    this.#stop = h(
      "button",
      {
        class: "pill",
        "data-testid": "stop",
        "aria-label": t("stop_answer"),
        hidden: true,
        onclick: () => actions.stop(),
      },
      buildIcon("stop"),
      t("stop"),
    );
    this.#person = buildPersonButton(t, { className: "pill", testid: "person" });
    const book = h(
      "button",
      { class: "pill", "data-testid": "book", onclick: () => actions.book({}) },
      buildIcon("calendar"),
      t("book"),
    );
    this.node = h(
      "form",
      { class: "composer", part: "composer", novalidate: true, onsubmit: (event) => this.#submit(event) },
      this.#outage.node,
      h("div", { class: "pills" }, book, this.#person, this.#stop),
      h("div", { class: "field" }, this.#input, this.#send),
      this.#counter,
    );
    this.text = context.findDraft(DRAFT);
  }

  /**
   * @param {State} state
   * @param {string | null} awaitedId
   */
  update(state, awaitedId) {
    this.#limit = state.limits.chat_characters;
    this.#outage.update();
    setVisible(this.#person, state.person === null);
    const hadFocus = this.#stop.matches(":focus");
    setVisible(this.#stop, awaitedId !== null);
    if (hadFocus && awaitedId === null) this.focus();
    this.#updateCounter();
  }

  get text() {
    return this.#input.value;
  }

  set text(text) {
    this.#input.value = text;
    this.#updateCounter();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    // While an input method is composing, Enter chooses a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    this.#submit(event);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (this.#send.disabled) return;
    const text = cleanText(this.#input.value);
    this.text = "";
    this.#context.keepDraft(DRAFT, "");
    this.#actions.say(text);
    this.focus();
  }

  /** What is begun outlives a reload, the way back to the page and its version in another language. */
  #noteInput() {
    this.#context.keepDraft(DRAFT, this.text);
    this.#actions.checkConnection();
    this.#updateCounter();
  }

  #updateCounter() {
    const { length } = Array.from(this.#input.value);
    const left = this.#limit - length;
    this.#send.disabled = !cleanText(this.#input.value) || left < 0;
    this.#input.setAttribute("aria-invalid", String(left < 0));
    this.#counter.classList.toggle("over", left < 0);
    if (left < 0) setText(this.#counter, this.#t.plural("too_long", -left));
    else setText(this.#counter, left < WARN_BELOW ? this.#t.plural("left", left) : "");
    this.#resizeInput();
  }

  #resizeInput() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}

/**
 * Without control characters, which come along with pasted text and which the server refuses.
 *
 * @param {string} text
 */
function cleanText(text) {
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").trim();
}
