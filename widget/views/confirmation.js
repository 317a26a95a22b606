/**
 * The end of a booking: the visit that stands, with its calendar file and ways to change it, or its cancellation.
 */

import { saveCalendarFile } from "../calendar-file.js";
import { h, buildIcon, setText, setVisible } from "../dom.js";

/** @import { AppointmentEntry, Attributes, Busy, Child } from "../types.d.ts" */
/** @import { Context } from "../context.js" */
/** @import { CancelQuestion } from "./cancel-question.js" */

export class Confirmation {
  #context;
  #t;
  #actions;
  #entry;
  #buttons;
  #file;
  #move;
  #cancel;
  /** @type {CancelQuestion | null} */
  #question = null;
  #again;

  /**
   * @param {Context} context
   * @param {AppointmentEntry} entry
   */
  constructor(context, entry) {
    const { t, actions } = context;
    this.#context = context;
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
      h("button", { class: kind, "data-testid": testid, onclick }, content);
    this.#file = button("download-ics", "button", [buildIcon("download"), t("calendar")], () => this.#saveFile());
    this.#move = button("reschedule", "link", t("move"), () => this.#actions.book({ appointment: this.#entry }));
    this.#cancel = button("cancel-appointment", "link", t("cancel"), () => this.#askToCancel());
    this.#buttons = h(
      "div",
      { class: "row", hidden: true },
      this.#file,
      h("div", { class: "row links" }, this.#move, this.#cancel),
    );
    this.#again = button("book-again", "button soft", t("again"), () =>
      this.#actions.book({ service: this.#entry.service }),
    );
    this.node = h("div", { class: "confirmation", "data-testid": `stage-${entry.stage}` }, this.#buttons, this.#again);
  }

  /**
   * @param {AppointmentEntry} entry
   * @param {Busy} busy
   */
  update(entry, busy) {
    this.#entry = entry;
    const stands = entry.stage === "confirmed";
    if (!stands) this.#question?.hide();
    setVisible(this.#buttons, stands && !this.#question?.isAsked);
    setVisible(this.#file, Boolean(entry.ics));
    setVisible(this.#move, entry.may?.move !== false);
    setVisible(this.#cancel, entry.may?.cancel !== false);
    for (const button of [this.#move, this.#cancel]) button.disabled = busy !== null;
    setVisible(this.#again, !stands);
    setText(this.#again, entry.by === "business" ? this.#t("another") : this.#t("again"));
    this.#question?.update(busy);
  }

  /** Few visits are cancelled, so that the question is a file of its own. */
  async #askToCancel() {
    const part = await this.#context.loadPart(() => import("./cancel-question.js"));
    if (!part || this.#buttons.hidden) return;
    if (!this.#question) {
      this.#question = new part.CancelQuestion(this.#context, {
        onYes: () => this.#actions.cancel(this.#entry),
        onNo: () => this.#showButtons(),
      });
      this.#buttons.after(this.#question.node);
    }
    setVisible(this.#buttons, false);
    this.#question.ask();
  }

  #showButtons() {
    setVisible(this.#buttons, true);
    this.#cancel.focus();
  }

  #saveFile() {
    saveCalendarFile(this.#entry.ics ?? "", { name: this.#t("file"), start: this.#entry.start, beside: this.node });
  }
}
