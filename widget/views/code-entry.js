/**
 * Asks for the code that confirms a held time, and counts down how long it is held.
 */

import { hasPhone } from "../bookings.js";
import { findCode } from "../codes.js";
import { formatCountdown } from "../dates.js";
import { h, setText, setVisible } from "../dom.js";

/** @import { AppointmentEntry, Busy, ErrorData, Timer } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

const MAX_PASTED_CHARACTERS = "200";

export class CodeEntry {
  #t;
  #entry;
  #actions;
  #sent = h("p", { class: "hint", "data-testid": "code-sent" });
  #input;
  #confirm;
  #resend;
  #release;
  #countdown = h("p", { class: "hint countdown", "data-testid": "countdown" });
  #again;
  #timer;
  /** @type {string | undefined} */
  #expiresAt;
  /** @type {Busy} */
  #busy = null;
  /** @type {ErrorData | null} */
  #problem = null;

  /**
   * @param {Context} context
   * @param {AppointmentEntry} entry
   */
  constructor({ t, actions }, entry) {
    const id = entry.appointment_id;
    this.#t = t;
    this.#entry = entry;
    this.#actions = actions;
    this.#input = h("input", {
      class: "input code",
      type: "text",
      inputmode: "numeric",
      autocomplete: "one-time-code",
      maxlength: MAX_PASTED_CHARACTERS,
      "aria-label": hasPhone(entry) ? t("code_phone") : t("code_email"),
      placeholder: "000000",
      "data-testid": "code-input",
      oninput: () => this.#handleInput(),
    });
    this.#confirm = h(
      "button",
      { type: "submit", class: "button", "data-testid": "code-submit", disabled: true },
      t("confirm"),
    );
    this.#resend = h(
      "button",
      { class: "link", "data-testid": "code-resend", onclick: () => actions.resend(id) },
      t("resend"),
    );
    this.#release = h(
      "button",
      { class: "link", "data-testid": "release", onclick: () => actions.cancel(this.#entry) },
      t("release"),
    );
    this.#again = h(
      "button",
      {
        class: "button soft",
        "data-testid": "book-again",
        hidden: true,
        onclick: () => actions.book({ service: this.#entry.service }),
      },
      t("again"),
    );
    this.node = h(
      "form",
      { class: "code-entry", novalidate: true, onsubmit: (event) => this.#submit(event), "data-testid": "code-entry" },
      this.#sent,
      h("div", { class: "code-row" }, this.#input, this.#confirm),
      this.#countdown,
      this.#again,
      h("div", { class: "row links" }, this.#resend, this.#release),
    );
    this.#timer = setInterval(() => this.#showTimeLeft(), 1000);
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {Busy} busy
   */
  update(entry, busy) {
    this.#entry = entry;
    this.#expiresAt = entry.expires_at;
    this.#busy = busy;
    const contact = entry.contact ?? "";
    const sent = entry.codes > 1 ? this.#t("code_sent_again", { contact }) : this.#t("code_sent", { contact });
    setText(this.#sent, entry.code_late ? this.#t("code_late", { contact }) : sent);
    if (entry.problem !== this.#problem) this.#showProblem(entry.problem);
    setText(this.#confirm, busy?.type === "booking.verify" ? this.#t("confirming") : this.#t("confirm"));
    for (const button of [this.#resend, this.#release]) button.disabled = busy !== null;
    this.#input.readOnly = busy?.type === "booking.verify";
    this.#updateConfirm();
    this.#showTimeLeft();
  }

  focus() {
    this.#input.focus();
    this.node.scrollIntoView({ block: "nearest" });
  }

  dispose() {
    clearInterval(this.#timer);
  }

  /** @param {ErrorData | null} problem */
  #showProblem(problem) {
    this.#problem = problem;
    this.#input.setAttribute("aria-invalid", String(problem?.code === "CODE_INVALID"));
    if (problem?.code !== "CODE_INVALID") return;
    // Only a page that has just tried the code goes back to the field; a reload shows it and leaves the focus.
    if (this.#input.value) this.#input.select();
  }

  #handleInput() {
    this.#input.removeAttribute("aria-invalid");
    this.#updateConfirm();
    if (!this.#confirm.disabled) this.#verify();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (!this.#confirm.disabled) this.#verify();
  }

  #verify() {
    const code = findCode(this.#input.value);
    if (code) this.#actions.verify(this.#entry.appointment_id, code);
  }

  #updateConfirm() {
    this.#confirm.disabled = this.#busy !== null || !findCode(this.#input.value);
  }

  /** The visitor's clock may be wrong, so the field stays open: the server judges. */
  #showTimeLeft() {
    const left = this.#expiresAt ? formatCountdown(this.#expiresAt) : null;
    setText(this.#countdown, left ? this.#t("held_for", { time: left }) : this.#t("held_too_long"));
    setVisible(this.#again, left === null);
  }
}
