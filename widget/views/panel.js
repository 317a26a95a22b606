/**
 * The frame around everything: window, header, what the launcher says, and where the focus goes when it opens and closes.
 */

import { findFocused, h, buildIcon, setText, setVisible } from "../dom.js";
import { PERSON } from "./person-button.js";

/** @import { ConnectionState, State } from "../types.d.ts" */
/** @import { Context } from "../context.js" */
/** @import { BookingForm } from "./booking-form.js" */
/** @import { Composer } from "./composer.js" */
/** @import { Log } from "./log.js" */
/** @import { Menu } from "./menu.js" */
/** @import { PersonForm } from "./person-form.js" */
/** @import { VisitSheet } from "./visit-sheet.js" */

const CONTROLS = ":is(button, input, select, textarea):enabled, a[href], [tabindex='0']";
const SMALL_SCREEN = "(max-width: 520px)";

export class Panel {
  #t;
  #launcher;
  #badge;
  #panel;
  #status;
  #onClose;
  #parts;
  #context;
  #menuButton;
  /** @type {Menu | null} */
  #menu = null;
  /** @type {VisitSheet | null} */
  #visit = null;
  /** @type {PersonForm | null} */
  #person = null;

  /**
   * @param {Context} context
   * @param {{
   *   log: Log, composer: Composer, form: BookingForm, launcher: HTMLButtonElement, onClose: () => void,
   * }} parts
   */
  constructor(context, { log, composer, form, launcher, onClose }) {
    const { t, business, actions } = context;
    this.#context = context;
    this.#t = t;
    this.#onClose = onClose;
    this.#parts = { log, composer, form };
    this.#badge = h("span", { class: "badge", "data-testid": "unread", hidden: true });
    this.#launcher = launcher;
    launcher.append(this.#badge);
    this.#status = h("p", { class: "status", role: "status", "data-testid": "connection-status" });
    const close = h(
      "button",
      { class: "icon-button", "aria-label": t("close"), "data-testid": "close", onclick: onClose },
      buildIcon("close"),
    );
    this.#menuButton = h(
      "button",
      {
        class: "icon-button",
        "aria-label": t("menu"),
        "aria-expanded": "false",
        "data-testid": "menu-button",
        onclick: () => (this.#menu?.isOpen ? this.#menu.close() : this.openMenu()),
      },
      buildIcon("more"),
    );
    this.#panel = h(
      "section",
      {
        class: "panel",
        part: "panel",
        role: "dialog",
        "aria-labelledby": "title",
        tabindex: "-1",
        "data-testid": "panel",
        hidden: true,
        onkeydown: (event) => this.#handleKey(event),
      },
      h(
        "div",
        { class: "head", part: "header" },
        h("span", { class: "avatar", "aria-hidden": "true" }, buildIcon("spark")),
        h("div", { class: "names" }, h("h2", { class: "title", id: "title" }, business || t("title")), this.#status),
        this.#menuButton,
        close,
      ),
      h("div", { class: "stage" }, h("div", { class: "talk" }, log.node, composer.node), form.node),
    );
    this.#panel.addEventListener(PERSON, () => this.#askPerson());
    this.actions = actions;
    this.node = this.#panel;
  }

  /**
   * Lay the visit of a link over the conversation, below the booking form.
   *
   * @param {VisitSheet} visit
   */
  addVisit(visit) {
    this.#visit = visit;
    this.#parts.form.node.before(visit.node);
  }

  /** Few visitors open the menu, so that it is a file of its own. */
  async openMenu({ isEnded = false } = {}) {
    const part = await this.#context.loadPart(() => import("./menu.js"));
    if (!part || !this.#menuButton.isConnected) return;
    if (!this.#menu) {
      this.#menu = new part.Menu(this.#context, this.#menuButton);
      this.#menuButton.after(this.#menu.node);
    }
    if (isEnded) this.#menu.showEnd();
    else this.#menu.open();
  }

  async #askPerson() {
    const part = await this.#context.loadPart(() => import("./person-form.js"));
    if (!part || !this.isOpen) return;
    if (!this.#person) {
      this.#person = new part.PersonForm(this.#context, () => this.#closePerson());
      this.#parts.form.node.before(this.#person.node);
    }
    this.#person.open();
    this.cover();
  }

  #closePerson() {
    this.#person?.close();
    this.cover();
    this.focus();
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  /**
   * @param {ConnectionState} connectionState
   * @param {number} newCount
   * @param {{ isLimited?: boolean, isSlow?: boolean, state?: State }} waiting
   */
  update(connectionState, newCount, { isLimited = false, isSlow = false, state }) {
    if (state) this.#person?.update(state);
    /** @type {Partial<Record<ConnectionState, string>>} */
    const words = {
      connecting: this.#t("connecting"),
      reconnecting: this.#t("reconnecting"),
      offline: this.#t("status_offline"),
      unreachable: this.#t("reconnecting"),
    };
    const calm = isSlow ? this.#t("progress") : nameAnswerer(state?.person, this.#t);
    setText(this.#status, isLimited ? this.#t("limited") : (words[connectionState] ?? calm));
    this.#status.dataset.state = connectionState;
    setText(this.#badge, newCount > 9 ? "9+" : String(newCount));
    setVisible(this.#badge, newCount > 0);
    const label = newCount > 0 ? `${this.#t("open")} (${this.#t.plural("unread", newCount)})` : this.#t("open");
    if (this.#launcher.getAttribute("aria-label") !== label) this.#launcher.setAttribute("aria-label", label);
  }

  open({ focus = true } = {}) {
    setVisible(this.#panel, true);
    setVisible(this.#launcher, false);
    this.#launcher.setAttribute("aria-expanded", "true");
    this.#panel.setAttribute("aria-modal", String(matchMedia(SMALL_SCREEN).matches));
    this.#fit();
    globalThis.visualViewport?.addEventListener("resize", this.#fit);
    this.#parts.log.scrollToEnd();
    if (focus) this.focus();
  }

  close() {
    setVisible(this.#panel, false);
    setVisible(this.#launcher, true);
    this.#launcher.setAttribute("aria-expanded", "false");
    globalThis.visualViewport?.removeEventListener("resize", this.#fit);
    this.#launcher.focus({ preventScroll: true });
  }

  /** On a touch screen the field would call up the keyboard over half of what there is to read. */
  focus() {
    if (this.#visit?.isOpen) this.#visit.focus();
    else if (matchMedia("(pointer: coarse)").matches) this.#panel.focus({ preventScroll: true });
    else this.#parts.composer.focus();
  }

  /** The booking form lies over the visit, and both over the conversation; what is covered is out of reach. */
  cover() {
    const { log, form } = this.#parts;
    const isAsking = this.#person?.isOpen === true;
    const isCovered = this.#visit?.isOpen || isAsking || form.isOpen;
    if (log.node.parentElement) log.node.parentElement.inert = isCovered;
    if (this.#visit) this.#visit.node.inert = isAsking || form.isOpen;
    if (this.#person) this.#person.node.inert = form.isOpen;
    // In a short window, sheet and conversation scroll with the panel: a sheet from its top, the conversation to its end.
    this.#panel.scrollTop = isCovered ? 0 : this.#panel.scrollHeight;
  }

  dispose() {
    this.#badge.remove();
    this.#panel.remove();
    globalThis.visualViewport?.removeEventListener("resize", this.#fit);
  }

  /** Stay above the on-screen keyboard, which not every browser takes off the height of the page. */
  #fit = () => {
    const height = globalThis.visualViewport?.height;
    if (height) this.#panel.style.setProperty("--visible-height", `${Math.round(height)}px`);
  };

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      const question = this.#findStops().find((control) => control.matches(".sure .soft"));
      if (this.#menu?.isOpen) this.#menu.back();
      else if (question) question.click();
      else if (this.#parts.form.isOpen) this.actions.closeForm();
      else if (this.#person?.isOpen) this.#closePerson();
      else if (this.#visit?.isOpen) this.actions.closeVisit();
      else this.#onClose();
    } else if (event.key === "Tab" && matchMedia(SMALL_SCREEN).matches) this.#keepFocusInside(event);
  }

  /**
   * On a small screen the window covers the page, so Tab stays in it.
   *
   * @param {KeyboardEvent} event
   */
  #keepFocusInside(event) {
    const stops = this.#findStops();
    const here = findFocused(this.#panel);
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (here !== edge && here !== this.#panel) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  /** What Tab stops at. */
  #findStops() {
    /** @type {NodeListOf<HTMLElement>} */
    const controls = this.#panel.querySelectorAll(CONTROLS);
    return [...controls].filter((element) => !element.closest("[inert]") && element.checkVisibility());
  }
}

/**
 * Who answers: the assistant, or a person, by name where we know it.
 *
 * @param {string | null | undefined} person
 * @param {Context["t"]} t
 */
function nameAnswerer(person, t) {
  if (person) return t("person_answers", { name: person });
  return person === "" ? t("human") : t("assistant");
}
