/**
 * The conversation's window: what the loader (`stride-chat.js`) imports when somebody comes near.
 */

import { Chat } from "./chat.js";
import { buildContext } from "./context.js";
import { describeNews } from "./events.js";
import { Refresher } from "./refresher.js";
import { awaitedMessageId, hasSlowCommand, timeline } from "./selectors.js";
import { markLanguage } from "./language.js";
import { addStyles } from "./style-sheet.js";
import { bookingCss } from "./styles/booking.js";
import { conversationCss } from "./styles/conversation.js";
import { frameCss } from "./styles/frame.js";
import { buildTexts } from "./texts.js";
import { countInTitle } from "./unread-title.js";
import { BookingForm } from "./views/booking-form.js";
import { Composer } from "./views/composer.js";
import { Log } from "./views/log.js";
import { Panel } from "./views/panel.js";

/** @import { BookingRequest, Link } from "./types.d.ts" */
/** @import { Context } from "./context.js" */
/** @import { News } from "./events.js" */
/** @import { StrideChat } from "./stride-chat.js" */
/** @import { TextModule, Texts } from "./texts.js" */
/** @import { VisitSheet } from "./views/visit-sheet.js" */

export class ChatWindow {
  locale = "";
  #element;
  #launcher;
  #showFailure;
  /** @type {Chat | null} */
  #chat = null;
  /** @type {Panel | null} */
  #panel = null;
  /** @type {Log | null} */
  #log = null;
  /** @type {Composer | null} */
  #composer = null;
  /** @type {VisitSheet | null} */
  #visit = null;
  /** @type {BookingForm | null} */
  #form = null;
  /** @type {Link | null} */
  #link = null;
  /** @type {Refresher | null} */
  #refresher = null;
  /** @type {Texts | null} */
  #texts = null;
  /** @type {Context | null} */
  #context = null;
  #started = false;
  #drawing = false;
  #onWake = (/** @type {Event} */ { type }) => {
    if (type === "offline") this.#chat?.goOffline();
    else if (document.visibilityState === "visible") this.#chat?.wake({ afresh: type === "online" });
    this.#draw();
  };

  #onStorage = (/** @type {StorageEvent} */ event) => {
    if (this.#chat?.store.isEnded(event, this.#chat.state.sessionId)) this.#chat.end();
  };

  /**
   * @param {StrideChat} element
   * @param {HTMLButtonElement} launcher
   * @param {(hasFailed: boolean) => void} showFailure Says that a part could not be loaded, or takes it back.
   */
  constructor(element, launcher, showFailure) {
    this.#element = element;
    this.#launcher = launcher;
    this.#showFailure = showFailure;
    for (const css of [frameCss, conversationCss, bookingCss]) addStyles(element.shadowRoot, css);
  }

  /**
   * Take over a language; call this before `start`, and when the language changes.
   *
   * @param {string} locale
   * @param {TextModule} texts
   */
  speak(locale, texts) {
    this.locale = locale;
    this.#texts = buildTexts(locale, texts);
    this.#chat?.setLocale(locale);
    if (this.#started) this.#buildPanel();
  }

  /** The element is on the page. */
  start() {
    this.#started = true;
    this.#openConversation();
    this.#buildPanel();
    this.#reopen();
    for (const [target, event] of WAKING) target.addEventListener(event, this.#onWake);
    addEventListener("storage", this.#onStorage);
  }

  /** The element has left the page. */
  stop() {
    this.#started = false;
    for (const [target, event] of WAKING) target.removeEventListener(event, this.#onWake);
    removeEventListener("storage", this.#onStorage);
    this.#refresher?.stop();
    this.#chat?.stop();
    this.#chat = null;
    this.#panel?.dispose();
    countInTitle(this, 0);
  }

  /** @param {string} name */
  acceptAttribute(name) {
    if (name === "dir") {
      this.#markLanguage();
      return;
    }
    if (name === "websocket-url" || name === "tenant") this.#openConversation();
    this.#buildPanel();
    this.#reopen();
  }

  /** The visitor is about to open the window. */
  connect() {
    this.#chat?.start();
  }

  open({ focus = true, reopensForm = true } = {}) {
    if (!this.#panel || this.#panel.isOpen) return;
    this.#panel.open({ focus });
    this.#chat?.start();
    if (reopensForm) this.#reopenForm({ focus });
    if (this.#chat) this.#chat.store.open = true;
    this.#draw();
    this.#dispatch(["open", null]);
  }

  close() {
    if (!this.#panel?.isOpen) return;
    this.#panel.close();
    if (this.#chat) this.#chat.store.open = false;
    this.#dispatch(["close", null]);
  }

  /** @param {News | null} news */
  #dispatch(news) {
    if (!news) return;
    const [name, detail] = news;
    this.#element.dispatchEvent(new CustomEvent(`stride-chat-${name}`, { detail, bubbles: true, composed: true }));
  }

  /** @param {BookingRequest} request */
  book(request) {
    this.open({ focus: false, reopensForm: false });
    if (!this.#chat) return;
    this.#form?.open(request);
    this.#panel?.cover();
  }

  /**
   * Show the appointment of a link; returns whether what shows it could be loaded.
   *
   * @param {Link} link
   */
  async followLink(link) {
    this.#link = link;
    const isLoaded = await this.#loadVisitSheet();
    if (!isLoaded || this.#link !== link) return isLoaded;
    this.open({ focus: false, reopensForm: false });
    this.#showVisit(link);
    return true;
  }

  /** Few visitors come with a link, so that its view is a file of its own. */
  async #loadVisitSheet() {
    const part = await this.#loadPart(() => import("./views/visit-sheet.js"));
    if (part && this.#context && this.#panel && !this.#visit) {
      this.#visit = new part.VisitSheet(this.#context);
      this.#panel.addVisit(this.#visit);
    }
    return part !== null;
  }

  /** Go on with the visit of a link in new views. */
  async #restoreVisit() {
    const link = this.#link;
    if (link && (await this.#loadVisitSheet()) && this.#link === link) this.#showVisit(link);
  }

  /**
   * Import a part that is loaded on demand, and its texts in the language that the views then have; where that fails
   * it is said, and the result is null.
   *
   * @template Part
   * @param {() => Promise<Part>} load
   * @returns {Promise<Part | null>}
   */
  async #loadPart(load) {
    try {
      for (;;) {
        const texts = this.#texts;
        const [part] = await Promise.all([load(), texts?.loadMore()]);
        if (texts !== this.#texts) continue;
        this.#showFailure(false);
        this.#draw(); // After those who wait for the part have put it in its place.
        return part;
      }
    } catch {
      this.#showFailure(true);
      return null;
    }
  }

  /** @param {Link} link */
  #showVisit(link) {
    this.#form?.close();
    this.#visit?.open(link);
    this.#panel?.cover();
    this.#draw();
  }

  /** Go on with a form that stood open, before a reload for instance. */
  #reopenForm({ focus = false } = {}) {
    this.#form?.reopen({ focus });
    this.#panel?.cover();
  }

  /** Start a conversation; a new visitor is connected only when pointer or focus reaches the launcher. */
  #openConversation() {
    const [url, tenant] = [this.#element.getAttribute("websocket-url"), this.#element.getAttribute("tenant")];
    this.#chat?.stop();
    this.#refresher?.stop();
    this.#chat = null;
    if (!url || !tenant) return;
    this.#chat = new Chat({
      url,
      tenant,
      locale: this.locale,
      onChange: () => this.#draw(),
      onEnd: () => this.#startAnew(),
      onNews: (frame) => this.#dispatch(describeNews(frame)),
    });
    this.#refresher = new Refresher(this.#chat);
    if (this.#chat.hasPast || this.#panel?.isOpen) this.#chat.start();
    this.#draw();
  }

  /** Open the window again, if it stood open in this tab; on a small screen it would cover the page. */
  #reopen() {
    if (this.#chat?.store.open && !matchMedia("(max-width: 520px)").matches) this.open({ focus: false });
  }

  /** The visitor has ended the session, here or in another tab: the window shows nothing of it any more. */
  #startAnew() {
    const wasOpen = this.#panel?.isOpen;
    this.#link = null;
    this.#openConversation();
    this.#buildPanel();
    if (wasOpen) this.#panel?.openMenu({ isEnded: true });
  }

  /** Make the views, in the language of now. */
  #buildPanel() {
    if (this.#texts === null || !this.#started) return;
    const wasOpen = this.#panel?.isOpen ?? false;
    const context = this.#buildContext(this.#texts);
    this.#context = context;
    this.#panel?.dispose();
    this.#form?.dispose();
    this.#visit = null;
    const log = new Log(context);
    const composer = new Composer(context);
    const form = new BookingForm(context);
    const panel = new Panel(context, {
      log,
      composer,
      form,
      launcher: this.#launcher,
      onClose: () => this.#element.close(),
    });
    [this.#log, this.#composer, this.#form, this.#panel] = [log, composer, form, panel];
    this.#markLanguage();
    this.#element.shadowRoot?.prepend(panel.node);
    if (wasOpen) {
      panel.open({ focus: false });
      this.#reopenForm();
    }
    this.#restoreVisit();
    this.#draw();
  }

  #markLanguage() {
    if (this.#panel) markLanguage(this.#panel.node, this.locale, this.#element.dir);
  }

  /** @param {Texts} t */
  #buildContext(t) {
    return buildContext({
      element: this.#element,
      t,
      chat: () => this.#chat,
      log: () => this.#log,
      closeForm: (appointmentId) => this.#closeForm(appointmentId),
      closeVisit: (appointmentId) => this.#closeVisit(appointmentId),
      loadPart: (load) => this.#loadPart(load),
    });
  }

  /** @param {string | undefined} appointmentId */
  #closeForm(appointmentId) {
    this.#form?.close();
    if (appointmentId) this.#closeVisit(appointmentId);
    else this.#uncoverCard();
  }

  /** @param {string | undefined} appointmentId */
  #closeVisit(appointmentId) {
    this.#link = null;
    if (this.#visit?.isOpen) this.#visit.close();
    this.#uncoverCard(appointmentId);
  }

  /**
   * Go on with what lies beneath; after a booking that is its card.
   *
   * @param {string} [appointmentId]
   */
  #uncoverCard(appointmentId) {
    this.#panel?.cover();
    this.#redraw();
    if (appointmentId) this.#log?.focusCard(appointmentId);
    else this.#panel?.focus();
  }

  /** Many frames may come at once: draw when the browser does, or soon if it does not paint at all now. */
  #draw() {
    if (this.#drawing || !this.#panel) return;
    this.#drawing = true;
    if (document.visibilityState === "visible") requestAnimationFrame(() => this.#redraw());
    else setTimeout(() => this.#redraw());
  }

  #redraw() {
    this.#drawing = false;
    if (!this.#chat) {
      this.#panel?.update("idle", 0, {});
      return;
    }
    if (this.#element.locale !== this.locale) this.#element.followLanguage();
    const { state, store, connectionState, isLimited } = this.#chat;
    const seen = this.#panel?.isOpen === true && document.visibilityState === "visible";
    if (seen && state.lastSeq > store.lastSeq) store.lastSeq = state.lastSeq;
    const newCount = timeline(state).filter(
      (entry) => entry.kind !== "said" && (entry.seq ?? 0) > store.lastSeq,
    ).length;
    const owed = awaitedMessageId(state);
    this.#composer?.update(state, owed); // First: its height decides where the log ends.
    for (const view of [this.#log, this.#visit, this.#form]) updateSafely(() => view?.update(state, owed));
    this.#panel?.update(connectionState, seen ? 0 : newCount, { isLimited, isSlow: hasSlowCommand(state), state });
    countInTitle(this, document.visibilityState === "visible" ? 0 : newCount);
    if (seen) this.#refresher?.refresh();
  }
}

/**
 * A frame that is not as the contract says may spoil a view, but not the others.
 *
 * @param {() => void} update
 */
function updateSafely(update) {
  try {
    update();
  } catch {
    // The next frame is another try.
  }
}

/** @type {[EventTarget, string][]} */
const WAKING = [
  [globalThis, "online"],
  [globalThis, "offline"],
  [globalThis, "pageshow"],
  [document, "visibilitychange"],
];
