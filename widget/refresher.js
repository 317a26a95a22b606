/**
 * Looks up, once for each line, how the latest open appointments stand: a calendar or a link on another device
 * may have changed them since the conversation was last seen.
 */

import { isOpen } from "./bookings.js";

/** @import { Timer } from "./types.d.ts" */
/** @import { Chat } from "./chat.js" */

/** The history follows the welcome at once; its appointments are looked up when it has come. */
const AFTER_HISTORY_MS = 600;
const AT_MOST = 3;

export class Refresher {
  #chat;
  #line = 0;
  /** @type {Timer | null} */
  #timer = null;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Call whenever the conversation is before the visitor's eyes. */
  look() {
    if (this.#chat.connectionState !== "open" || this.#chat.welcomes === this.#line || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#line = this.#chat.welcomes;
      this.#ask();
    }, AFTER_HISTORY_MS);
  }

  stop() {
    clearTimeout(this.#timer ?? undefined);
  }

  #ask() {
    const open = Object.values(this.#chat.state.entries).filter((entry) => isOpen(entry));
    const latest = open.sort((a, b) => b.touched - a.touched).slice(0, AT_MOST);
    for (const { appointment_id: id } of latest) {
      this.#chat.ask("booking.lookup", { appointment_id: id }, { topic: id });
    }
  }
}
