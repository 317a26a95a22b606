/**
 * Bubbles: what the visitor said, what the assistant answered, and what was refused.
 */

import { formatTime } from "../dates.js";
import { h, buildIcon, setText, setVisible } from "../dom.js";
import { hasFurtherBlocks, renderMarkdown } from "../markdown.js";
import { AnswerTools } from "./answer-tools.js";
import { buildAlternativeButtons, explainError } from "./explanation.js";
import { buildPersonButton } from "./person-button.js";

/** @import { AnswerEntry, Command, Entry, RefusalEntry, SaidEntry, State, Timer } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

export class VisitorBubble {
  #text = h("p", { class: "said-text" });
  #status = h("span", { class: "said-status", "data-testid": "message-status" });
  #time = h("time", { class: "clock", "data-testid": "time-of-message" });

  /** @param {Context} context */
  constructor({ t, locale, connected, limited }) {
    this.t = t;
    this.locale = locale;
    this.connected = connected;
    this.limited = limited;
    this.node = h(
      "article",
      { class: "message said", part: "message-visitor", "data-testid": "message", "data-kind": "said" },
      h("span", { class: "unseen" }, `${t("you")}: `),
      this.#text,
      this.#status,
      this.#time,
    );
  }

  /**
   * @param {SaidEntry} entry
   * @param {State} state
   */
  update(entry, state) {
    setText(this.#time, sayTime(entry, state, this.locale));
    setText(this.#text, entry.text);
    this.node.dataset.state = entry.state;
    this.node.dataset.seq = String(entry.seq ?? "");
    const waiting = this.connected() ? this.t("pending") : this.t("unsent");
    const pending = this.limited() ? this.t("limited") : waiting;
    /** @type {Partial<Record<SaidEntry["state"], string>>} */
    const words = { pending, failed: this.t("failed") };
    const read = entry.seq !== undefined && entry.seq <= state.readSeq;
    this.node.classList.toggle("read", read);
    setText(this.#status, words[entry.state] ?? (read ? this.t("read") : ""));
  }
}

export class AnswerBubble {
  #body = h("div", { class: "answer-text" });
  #stopped;
  /** @type {HTMLElement | null} */
  #cut = null;
  #sources = h("p", { class: "sources", "data-testid": "sources", hidden: true });
  #who = h("span", { class: "unseen" });
  #offers = h("div", { class: "offers" });
  #time = h("time", { class: "clock", "data-testid": "time-of-message" });
  #foot = h("div", { class: "foot" }, this.#time);
  /** @type {AnswerTools | null} */
  #tools = null;
  /** @type {string | null} */
  #source = null;
  #hasFurtherBlocks = false;

  /** @param {Context} context */
  constructor(context) {
    const { t, actions } = context;
    this.context = context;
    this.t = t;
    this.actions = actions;
    this.#stopped = h("p", { class: "stopped", hidden: true });
    this.node = h(
      "article",
      { class: "message answer", part: "message-assistant", "data-testid": "message", "data-kind": "answer" },
      this.#who,
      this.#body,
      this.#stopped,
      this.#sources,
      this.#offers,
      this.#foot,
    );
  }

  /**
   * @param {AnswerEntry} entry
   * @param {State} state
   */
  update(entry, state) {
    const source = (entry.from ? "… " : "") + entry.text;
    this.node.dataset.state = entry.streaming ? "streaming" : "final";
    this.node.dataset.by = entry.by ?? "assistant";
    setText(this.#who, entry.by === "human" ? entry.author || this.t("human") : `${this.t("assistant")}: `);
    this.#who.className = entry.by === "human" ? "by-human" : "unseen";
    this.node.dataset.seq = String(entry.seq ?? "");
    this.node.hidden = entry.streaming && !source;
    if (entry.streaming) {
      this.node.setAttribute("aria-live", "off");
      this.node.setAttribute("aria-busy", "true");
    }
    this.#layOut(source, entry);
    if (this.#source === null || !entry.streaming) this.#showOffers(entry);
    this.#source = source;
    setText(this.#stopped, entry.stopped ? this.t("stopped") : "");
    setVisible(this.#stopped, entry.stopped === true);
    if (entry.cut === true) this.#showCut();
    const sources = entry.sources?.join(", ") ?? "";
    setText(this.#sources, sources && this.t("sources", { titles: sources }));
    setVisible(this.#sources, sources !== "");
    setText(this.#time, sayTime(entry, state, this.context.locale));
    if (!entry.streaming && entry.text) this.#showTools(entry, state);
  }

  /**
   * @param {AnswerEntry} entry
   * @param {State} state
   */
  #showTools(entry, state) {
    if (!this.#tools) {
      this.#tools = new AnswerTools(this.context, entry);
      this.#foot.append(...this.#tools.nodes.filter((node) => node !== undefined));
      this.#foot.after(this.#tools.form);
    }
    this.#tools.update(entry, state);
  }

  /**
   * @param {string} source
   * @param {AnswerEntry} entry
   */
  #layOut(source, { streaming, links }) {
    if (source === this.#source) return;
    renderMarkdown(this.#body, source, { growing: streaming, links });
    if (!this.#hasFurtherBlocks && hasFurtherBlocks(source)) this.#loadFurtherBlocks();
  }

  /** Few answers have quotes, tables or code: what lays them out is a file of its own. Until it is there, they are text. */
  async #loadFurtherBlocks() {
    this.#hasFurtherBlocks = true;
    const part = await this.context.loadPart(() => import("../markdown-further.js"));
    if (!part) return;
    this.context.addStyles(part.furtherBlocksCss);
    this.#source = null; // The update that follows lays out anew.
  }

  #showCut() {
    if (this.#cut) return;
    const onclick = () => this.actions.say(this.t("continue"));
    this.#cut = h(
      "div",
      { class: "cut" },
      h("p", { class: "stopped" }, this.t("cut")),
      h("button", { class: "button soft", "data-testid": "continue", onclick }, this.t("continue")),
    );
    this.#stopped.after(this.#cut);
  }

  /** @param {AnswerEntry} entry */
  #showOffers({ actions }) {
    if (this.#offers.childElementCount) return;
    if (actions.some((action) => action.type === "handover.offer")) this.#offers.append(buildPersonButton(this.t));
    for (const offer of actions.filter((action) => action.type === "booking.offer")) {
      this.#offers.append(
        h(
          "button",
          {
            class: "button soft",
            "data-testid": "offer-booking",
            onclick: () => this.actions.book({ service: offer.service, date: offer.date }),
          },
          buildIcon("calendar"),
          this.t("book_here"),
        ),
      );
    }
  }
}

/**
 * Return when an entry was stored, where the visitor is; an empty text if that is not known.
 *
 * @param {Entry} entry
 * @param {State} state
 * @param {string} locale
 */
function sayTime({ seq }, { times }, locale) {
  const time = times[seq ?? 0];
  return time ? formatTime(time, locale, undefined) : "";
}

export class RefusalNote {
  #text = h("p");
  #buttons = h("div", { class: "row" });
  /** @type {string | null} */
  #rendered = null;
  /** @type {Timer | undefined} */
  #timer;

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.node = h("div", { class: "refusal", "data-testid": "notice" }, this.#text, this.#buttons);
  }

  /**
   * @param {RefusalEntry} entry
   * @param {State} state
   */
  update(entry, state) {
    setText(this.#text, explainError(entry.error, this.context.t, { heard: Boolean(entry.command) }));
    this.node.dataset.code = entry.error.code;
    const rendered = JSON.stringify([entry.error, entry.seq]);
    if (rendered === this.#rendered) return;
    this.#rendered = rendered;
    clearTimeout(this.#timer);
    this.#buttons.replaceChildren(...this.#buildAlternatives(entry), ...this.#buildRetryButtons(entry, state));
  }

  dispose() {
    clearTimeout(this.#timer);
  }

  /** @param {RefusalEntry} entry */
  #buildAlternatives({ error, command }) {
    const contact = command?.data.contact;
    return buildAlternativeButtons(error, this.context, (slot) =>
      this.context.actions.book({ service: slot.service, slot, contact }),
    );
  }

  /**
   * Only what this page sent itself can be sent again; after a reload the words are in the log, but not the form.
   *
   * @param {RefusalEntry} entry
   * @param {State} state
   */
  #buildRetryButtons({ re, seq, error }, state) {
    const { t, actions } = this.context;
    if (!error.retryable || !re) return [];
    const said = state.entries[re];
    /** @type {Pick<Command, "type" | "data"> | null} */
    const words = said?.kind === "said" ? { type: "chat.send", data: { text: said.text } } : null;
    const command = state.commands[re] ?? words;
    if (!command) return [];
    const button = h(
      "button",
      {
        class: "button soft",
        "data-testid": "retry",
        onclick: () => {
          button.disabled = true;
          actions.again(re, command, { ended: Boolean(seq) });
        },
      },
      t("retry"),
    );
    if (error.retry_after_ms) {
      button.disabled = true;
      this.#timer = setTimeout(() => {
        button.disabled = false;
      }, error.retry_after_ms);
    }
    return [button];
  }
}
