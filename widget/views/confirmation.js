/**
 * The end of a booking: the visit that stands, with its calendar file and ways to change it, or its cancellation.
 */

import { h, icon, say, show } from "../dom.js";

export class Confirmation {
  #t;
  #actions;
  #entry;
  #buttons;
  #sure;
  #again;
  #cancelYes;

  constructor({ t, actions }, entry) {
    this.#t = t;
    this.#actions = actions;
    this.#entry = entry;
    const button = (testid, kind, content, onclick) => h("button", { type: "button", class: kind, "data-testid": testid, onclick }, content);
    const cancel = button("cancel-appointment", "link", t.cancel, () => this.#ask(true));
    this.#buttons = h("div", { class: "row", hidden: true },
      button("download-ics", "button", [icon("download"), t.calendar], () => this.#download()),
      h("div", { class: "row links" },
        button("reschedule", "link", t.move, () => this.#actions.book({ appointment: this.#entry })),
        cancel));
    this.#cancelYes = button("cancel-yes", "button danger", t.cancelYes, () => this.#actions.cancel(this.#entry.appointment_id));
    const no = button("cancel-no", "button soft", t.cancelNo, () => {
      this.#ask(false);
      cancel.focus();
    });
    this.#sure = h("div", { class: "sure", role: "group", "aria-label": t.cancelSure, hidden: true },
      h("p", {}, t.cancelSure), h("div", { class: "row" }, this.#cancelYes, no));
    this.#again = button("book-again", "button soft", t.again, () => this.#actions.book({ service: this.#entry.service }));
    this.node = h("div", { class: "confirmation", "data-testid": `stage-${entry.stage}` }, this.#buttons, this.#sure, this.#again);
  }

  update(entry, busy) {
    this.#entry = entry;
    const stands = entry.stage === "confirmed";
    if (!stands) show(this.#sure, false);
    show(this.#buttons, stands && this.#sure.hidden);
    show(this.#again, !stands);
    this.#cancelYes.disabled = busy !== null;
    say(this.#cancelYes, busy?.type === "booking.cancel" ? this.#t.cancelling : this.#t.cancelYes);
  }

  #ask(asking) {
    show(this.#sure, asking);
    show(this.#buttons, !asking);
    if (asking) this.#cancelYes.focus();
  }

  #download() {
    const address = URL.createObjectURL(new Blob([this.#entry.ics], { type: "text/calendar;charset=utf-8" }));
    const link = h("a", { href: address, download: `${this.#t.file}-${String(this.#entry.start).slice(0, 10)}.ics` });
    this.node.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}
