/**
 * The end of a booking: the visit that stands, with its calendar file and ways to change it, or its cancellation.
 */

import { saveCalendarFile } from "../calendar-file.js";
import { h, icon, say, show } from "../dom.js";
import { CancelQuestion } from "./cancel-question.js";

/** @import { AppointmentEntry, Attributes, Busy, Child } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class Confirmation {
  #t;
  #actions;
  #entry;
  #buttons;
  #file;
  #move;
  #cancel;
  #question;
  #again;

  /**
   * @param {Context} context
   * @param {AppointmentEntry} entry
   */
  constructor({ t, actions }, entry) {
    this.#t = t;
    this.#actions = actions;
    this.#entry = entry;
    /**
     * @param {string} testid
     * @param {string} kind
     * @param {Child | Child[]} content
     * @param {Attributes["onclick"]} onclick
     */
    const button = (testid, kind, content, onclick) =>
      h("button", { type: "button", class: kind, "data-testid": testid, onclick }, content);
    this.#file = button("download-ics", "button", [icon("download"), t("calendar")], () => this.#download());
    this.#move = button("reschedule", "link", t("move"), () => this.#actions.book({ appointment: this.#entry }));
    this.#cancel = button("cancel-appointment", "link", t("cancel"), () => this.#ask());
    this.#buttons = h(
      "div",
      { class: "row", hidden: true },
      this.#file,
      h("div", { class: "row links" }, this.#move, this.#cancel),
    );
    this.#question = new CancelQuestion(
      { t },
      { onYes: () => this.#actions.cancel(this.#entry), onNo: () => this.#kept() },
    );
    this.#again = button("book-again", "button soft", t("again"), () =>
      this.#actions.book({ service: this.#entry.service }),
    );
    this.node = h(
      "div",
      { class: "confirmation", "data-testid": `stage-${entry.stage}` },
      this.#buttons,
      this.#question.node,
      this.#again,
    );
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {Busy} busy
   */
  update(entry, busy) {
    this.#entry = entry;
    const stands = entry.stage === "confirmed";
    if (!stands) this.#question.hide();
    show(this.#buttons, stands && !this.#question.isAsked);
    show(this.#file, Boolean(entry.ics));
    show(this.#move, entry.may?.move !== false);
    show(this.#cancel, entry.may?.cancel !== false);
    for (const button of [this.#move, this.#cancel]) button.disabled = busy !== null;
    show(this.#again, !stands);
    say(this.#again, entry.by === "business" ? this.#t("another") : this.#t("again"));
    this.#question.update(busy);
  }

  #ask() {
    show(this.#buttons, false);
    this.#question.ask();
  }

  #kept() {
    show(this.#buttons, true);
    this.#cancel.focus();
  }

  #download() {
    saveCalendarFile(this.#entry.ics ?? "", { name: this.#t("file"), start: this.#entry.start, beside: this.node });
  }
}
