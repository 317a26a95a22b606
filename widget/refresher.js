/**
 * Looks up the latest open appointments once per connection: they may have been changed in the calendar, or by a link
 * on another device, since the conversation was last displayed.
 */

import { isOpen } from "./bookings.js";

/** @import { Timer } from "./types.d.ts" */
/** @import { Chat } from "./chat.js" */

/** The missed frames follow the welcome; the appointments in them are looked up after that. */
const AFTER_HISTORY_MS = 600;
const MAX_APPOINTMENTS = 3;

export class Refresher {
  #chat;
  #welcome = 0;
  /** @type {Timer | null} */
  #timer = null;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Look up the appointments once per connection; call this whenever the conversation is visible. */
  refresh() {
    if (this.#chat.connectionState !== "open" || this.#chat.welcomes === this.#welcome || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#welcome = this.#chat.welcomes;
      this.#queryAppointments();
    }, AFTER_HISTORY_MS);
  }

  stop() {
    clearTimeout(this.#timer ?? undefined);
  }

  #queryAppointments() {
    const open = Object.values(this.#chat.state.entries).filter((entry) => isOpen(entry));
    const latest = open.sort((a, b) => b.touched - a.touched).slice(0, MAX_APPOINTMENTS);
    for (const { appointment_id: id } of latest) {
      this.#chat.sendQuery("booking.lookup", { appointment_id: id }, { topic: id });
    }
  }
}
