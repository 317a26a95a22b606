/**
 * `<stride-chat>`: the chat widget as one element on a business's page.
 *
 *     <script type="module" src="https://cdn.example/widget/stride-chat.js"></script>
 *     <stride-chat websocket-url="wss://chat.example/prod" tenant="studio-lumen" locale="pl"></stride-chat>
 *
 * A page that is opened at `#stride-cancel=<token>` or `#stride-move=<token>`, as e-mails link to it, shows that
 * appointment at once.
 *
 * Attributes: `websocket-url`, `tenant`, `locale` (a language of `locales/`; else the page's), `business` (the name at the top),
 * `suggestions` (first questions to offer, split by "|"), `theme` (light | dark | auto), `phone` and `email` (shown
 * when the chat can't be reached and was never before: then the profile's are known). Methods: `open()`,
 * `close()`, `book({ service, date })`. Events: `stride-chat-open`, `stride-chat-close`.
 *
 * Styling: custom properties `--stride-chat-brand`, `--stride-chat-on-brand`, `--stride-chat-font`,
 * `--stride-chat-radius`, `--stride-chat-z-index`, `--stride-chat-inset`; parts `launcher panel header log
 * message-visitor message-assistant card composer booking visit`.
 *
 * Hooks for tests, all `data-testid` in the open shadow root: launcher unread panel close connection-status
 * disclosure log message message-status typing progress suggestion notice retry alternative newest; composer-input send
 * stop counter book offer-booking outage outage-phone outage-email; booking-form booking-back booking-service days day times time times-note
 * times-lost times-retry later-days zone-note present-time booking-name booking-contact booking-note
 * booking-submit booking-error booking-alternative change-deadline; appointment card-note change-until use-email
 * use-phone card-problem code-entry code-sent code-input code-submit code-resend release countdown; stage-confirmed
 * stage-cancelled stage-lapsed stage-taken choose-another download-ics reschedule cancel-appointment cancel-yes
 * cancel-no book-again; visit-sheet visit-back visit visit-state visit-zone visit-problem visit-ics visit-move
 * visit-cancel visit-cancel-yes visit-cancel-no visit-again visit-retry.
 * A `message` says `data-kind` (said | answer), `data-state` (pending accepted sent failed | streaming final)
 * and `data-seq`; an `appointment` says `data-stage` (pending taken confirmed cancelled lapsed) and `data-by`
 * (visitor | business); a `visit` says `data-state` (held confirmed cancelled).
 */

import { Chat } from "./chat.js";
import { buildContext } from "./context.js";
import { takeLink } from "./link.js";
import { Refresher } from "./refresher.js";
import { awaitedMessageId, hasSlowCommand, timeline } from "./selectors.js";
import { getStyleSheets } from "./styles.js";
import { chooseLanguage, loadTexts } from "./texts.js";
import { BookingForm } from "./views/booking-form.js";
import { Composer } from "./views/composer.js";
import { Log } from "./views/log.js";
import { Panel } from "./views/panel.js";
import { VisitSheet } from "./views/visit-sheet.js";

/** @import { BookingRequest, Link } from "./types.d.ts" */
/** @import { Texts } from "./texts.js" */

export class StrideChat extends HTMLElement {
  static observedAttributes = ["websocket-url", "tenant", "locale", "business", "suggestions"];

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
  /** @type {(() => void)[]} */
  #onceBuilt = [];
  #started = false;
  #drawing = false;
  #onLink = () => this.#followLink(takeLink());
  #onWake = (/** @type {Event} */ { type }) => {
    if (type === "offline") this.#chat?.goOffline();
    else if (document.visibilityState === "visible") this.#chat?.wake({ afresh: type === "online" });
    this.#draw();
  };

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = getStyleSheets();
  }

  connectedCallback() {
    this.#started = true;
    this.#applyLanguage();
    this.#openConversation();
    this.#onLink();
    for (const [target, event] of WAKING) target.addEventListener(event, this.#onWake);
    addEventListener("hashchange", this.#onLink);
  }

  disconnectedCallback() {
    this.#started = false;
    for (const [target, event] of WAKING) target.removeEventListener(event, this.#onWake);
    removeEventListener("hashchange", this.#onLink);
    this.#refresher?.stop();
    this.#chat?.stop();
    this.#chat = null;
    this.#panel?.dispose();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    // This is called for the attributes of an upgraded element before it is connected.
    if (!this.#started || before === after) return;
    if (name === "websocket-url" || name === "tenant") this.#openConversation();
    else if (name === "locale") {
      this.#chat?.setLocale(this.locale);
      this.#applyLanguage();
    } else this.#buildPanel();
  }

  get locale() {
    return chooseLanguage(
      this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || navigator.language,
    );
  }

  /** Open the window and connect. */
  open({ focus = true } = {}) {
    if (!this.#panel) this.#onceBuilt.push(() => this.open({ focus }));
    if (!this.#panel || this.#panel.isOpen) return;
    this.#panel.open({ focus });
    this.#chat?.start();
    if (this.#chat) this.#chat.store.open = true;
    this.#draw();
    this.dispatchEvent(new CustomEvent("stride-chat-open", { bubbles: true, composed: true }));
  }

  close() {
    this.#onceBuilt = [];
    if (!this.#panel?.isOpen) return;
    this.#panel.close();
    if (this.#chat) this.#chat.store.open = false;
    this.dispatchEvent(new CustomEvent("stride-chat-close", { bubbles: true, composed: true }));
  }

  /**
   * Open the booking form, with a service and a date filled in if given.
   *
   * @param {BookingRequest} request
   */
  book(request = {}) {
    if (!this.#panel) {
      this.#onceBuilt.push(() => this.book(request));
      return;
    }
    this.open({ focus: false });
    if (!this.#chat) return;
    this.#form?.open(request);
    this.#panel?.cover();
  }

  /**
   * Show the appointment of a link, if there is one.
   *
   * @param {Link | null} link
   */
  #followLink(link) {
    if (link === null) return;
    this.#link = link;
    this.open({ focus: false });
    this.#showVisit(link);
  }

  /** @param {Link} link */
  #showVisit(link) {
    this.#form?.close();
    this.#visit?.open(link);
    this.#panel?.cover();
    this.#draw();
  }

  /** Start a conversation; a new visitor is connected only when pointer or focus reaches the launcher. */
  #openConversation() {
    const [url, tenant] = [this.getAttribute("websocket-url"), this.getAttribute("tenant")];
    this.#chat?.stop();
    this.#refresher?.stop();
    this.#chat = null;
    if (!url || !tenant) return;
    this.#chat = new Chat({ url, tenant, locale: this.locale, onChange: () => this.#draw() });
    this.#refresher = new Refresher(this.#chat);
    if (this.#chat.hasPast || this.#panel?.isOpen) this.#chat.start();
    if (this.#chat.store.open && !matchMedia("(max-width: 520px)").matches) this.open({ focus: false });
    this.#draw();
  }

  /** Load the texts of the language, then make the views in it; a file that can't be loaded is asked for again. */
  async #applyLanguage() {
    const { locale } = this;
    try {
      const texts = await loadTexts(locale);
      if (!this.#started) return;
      if (this.locale !== locale) {
        this.#applyLanguage();
        return;
      }
      this.#texts = texts;
      this.#buildPanel();
    } catch {
      if (this.#started) setTimeout(() => this.#applyLanguage(), RETRY_MS);
    }
  }

  /** Make the views, in the language of now. */
  #buildPanel() {
    if (this.#texts === null) return;
    const wasOpen = this.#panel?.isOpen ?? false;
    const context = this.#buildContext(this.#texts);
    this.#panel?.dispose();
    this.#form?.close();
    const log = new Log(context);
    const composer = new Composer(context);
    const visit = new VisitSheet(context);
    const form = new BookingForm(context);
    const panel = new Panel(context, {
      log,
      composer,
      visit,
      form,
      onOpen: () => this.open(),
      onClose: () => this.close(),
      onNear: () => this.#chat?.start(),
    });
    [this.#log, this.#composer, this.#visit, this.#form, this.#panel] = [log, composer, visit, form, panel];
    this.shadowRoot?.replaceChildren(...panel.nodes);
    if (wasOpen) panel.open({ focus: false });
    for (const action of this.#onceBuilt.splice(0)) action();
    if (this.#link) this.#showVisit(this.#link);
    this.#draw();
  }

  /** @param {Texts} t */
  #buildContext(t) {
    return buildContext({
      element: this,
      t,
      chat: () => this.#chat,
      log: () => this.#log,
      closeForm: (appointmentId) => this.#closeForm(appointmentId),
      closeVisit: (appointmentId) => this.#closeVisit(appointmentId),
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
    const { state, store, connectionState, isLimited } = this.#chat;
    const seen = this.#panel?.isOpen === true && document.visibilityState === "visible";
    if (seen && state.lastSeq > store.lastSeq) store.lastSeq = state.lastSeq;
    const newCount = timeline(state).filter(
      (entry) => entry.kind !== "said" && (entry.seq ?? 0) > store.lastSeq,
    ).length;
    const owed = awaitedMessageId(state);
    this.#log?.update(state, owed);
    this.#composer?.update(state, owed);
    this.#visit?.update(state);
    this.#form?.update(state);
    this.#panel?.update(connectionState, seen ? 0 : newCount, { isLimited, isSlow: hasSlowCommand(state) });
    if (seen) this.#refresher?.refresh();
  }
}

/** How long to wait before the texts are asked for again. */
const RETRY_MS = 5000;

/** @type {[EventTarget, string][]} */
const WAKING = [
  [globalThis, "online"],
  [globalThis, "offline"],
  [globalThis, "pageshow"],
  [document, "visibilitychange"],
];

if (!customElements.get("stride-chat")) customElements.define("stride-chat", StrideChat);
