/**
 * `<stride-chat>`: the chat widget as one element on a business's page.
 *
 *     <script type="module" src="https://cdn.example/widget/stride-chat.js"></script>
 *     <stride-chat websocket-url="wss://chat.example/prod" tenant="studio-lumen" locale="pl"></stride-chat>
 *
 * This file is the loader: it shows the launcher, and imports the conversation (`chat-window.js`) when pointer or focus
 * reaches the launcher, when the page opens it, or when there is something to come back to.
 *
 * A page that is opened at `#stride-cancel=<token>` or `#stride-move=<token>`, as e-mails link to it, shows that
 * appointment at once.
 *
 * Hooks for tests, all `data-testid` in the open shadow root: launcher load-failure unread panel close menu-button
 * menu send-transcript end-session end-yes end-no session-ending session-ended end-noticed connection-status
 * disclosure log message message-status announcement typing progress suggestion notice retry alternative newest
 * sources continue copy judge-up judge-down tool-note reason reason-send reason-close time-of-message date; composer-input send
 * stop counter book offer-booking person offer-person person-form person-back person-hours person-note person-contact
 * person-submit person-problem outage outage-phone outage-email; booking-form booking-back booking-service days day times time times-note
 * times-lost times-retry later-days zone-note present-time booking-name booking-contact booking-note
 * booking-submit booking-error booking-alternative change-deadline cancellation-fee service-facts service-problem
 * time-problem contact-problem contact-email contact-phone days-back days-onward; appointment card-note card-fee change-until use-email
 * use-phone card-problem code-entry code-sent code-input code-submit code-resend release countdown; stage-confirmed
 * stage-cancelled stage-lapsed stage-taken choose-another download-ics reschedule cancel-appointment cancel-yes
 * cancel-no book-again; visit-sheet visit-back visit visit-fee visit-state visit-zone visit-problem visit-ics visit-move
 * visit-cancel visit-cancel-yes visit-cancel-no visit-again visit-retry.
 * A `message` says `data-kind` (said | answer), `data-state` (pending accepted sent failed | streaming final)
 * and `data-seq`; an `announcement` says `data-announces` (as `chat.final` does); an `appointment` says `data-stage` (pending taken confirmed cancelled lapsed) and `data-by`
 * (visitor | business); a `visit` says `data-state` (held confirmed cancelled).
 */

import { h, setText } from "./dom.js";
import { drawIcon } from "./icon.js";
import { chooseLanguage, findLanguage, markLanguage } from "./language.js";
import { takeLink } from "./link.js";
import { findTenantLanguage, hasPast } from "./past.js";
import { buildStyleSheet } from "./style-sheet.js";
import { launcherCss } from "./styles/launcher.js";

/** @import { BookingRequest, Link, Timer } from "./types.d.ts" */
/** @import { ChatWindow } from "./chat-window.js" */

/** How long to wait before that is loaded again for which nobody has pressed. */
const RETRY_MS = 5000;

const ICON =
  "M21 11.5a8.4 8.4 0 0 1-8.5 8.3 8.8 8.8 0 0 1-3.9-.9L3 20.5l1.7-4.8a8 8 0 0 1-1-4.2A8.4 8.4 0 0 1 12.2 3.2 8.4 8.4 0 0 1 21 11.5Z";

const SHEET = buildStyleSheet(launcherCss);

try {
  // So that a value that is no colour counts as none.
  CSS.registerProperty({ name: "--stride-chat-brand", syntax: "<color>", inherits: true, initialValue: "#17594e" });
} catch {
  // Another copy of the widget has done it.
}

/**
 * A launcher, and the window with the conversation and the booking form.
 *
 * @element stride-chat
 *
 * @attr {string} websocket-url - Address of the WebSocket API, without a query. Without it the launcher is there and nothing is connected.
 * @attr {string} tenant - The business's id, as its folder is named.
 * @attr {string} locale - Language of the widget: `en`, `pl` or `de`; else the page's (`lang`), else the business's own, as it was said last. Can be changed at any time.
 * @attr {string} business - Name of the business, at the top of the window.
 * @attr {string} suggestions - First questions to offer, separated by `|`.
 * @attr {"light" | "dark" | "auto"} theme - Colour scheme; else the system's.
 * @attr {string} phone - Telephone number that is shown when the chat can't be reached and never was: afterwards the profile's is known.
 * @attr {string} email - E-mail address, as `phone`.
 *
 * @fires {CustomEvent<null>} stride-chat-open - The window has opened.
 * @fires {CustomEvent<null>} stride-chat-close - The window has closed.
 * @fires {CustomEvent<StrideChatMessage>} stride-chat-message - The visitor, the assistant or a person has written.
 * @fires {CustomEvent<StrideChatBooked>} stride-chat-booked - An appointment is confirmed, or has a new time.
 * @fires {CustomEvent<StrideChatCancelled>} stride-chat-cancelled - An appointment is cancelled, by the visitor or the business.
 * @fires {CustomEvent<StrideChatHandover>} stride-chat-handover - A person was asked for, answers, or has handed back.
 * @fires {CustomEvent<StrideChatError>} stride-chat-error - The server has refused something, as the visitor is told.
 *
 * @csspart launcher - The round button in the corner of the page.
 * @csspart panel - The window.
 * @csspart header - Its header.
 * @csspart log - The list of messages and cards.
 * @csspart message-visitor - A message of the visitor.
 * @csspart message-assistant - An answer, of the assistant or a person.
 * @csspart announcement - A notice in the middle of the log.
 * @csspart card - The card of an appointment.
 * @csspart composer - The field for messages, with its buttons.
 * @csspart booking - The booking form.
 * @csspart person - The form that asks for a person.
 * @csspart visit - The view of an appointment that a link in an e-mail opens.
 *
 * @cssprop [--stride-chat-brand=#17594e] - Colour of the launcher, of buttons and of what is chosen.
 * @cssprop --stride-chat-on-brand - Colour of texts on it; else black or white, by its contrast.
 * @cssprop [--stride-chat-font=system-ui] - Font family.
 * @cssprop [--stride-chat-radius=20px] - Radius of the window's corners.
 * @cssprop [--stride-chat-z-index=2147483000] - Layer of launcher and window.
 * @cssprop [--stride-chat-inset=24px] - Distance from the edges of the page; 16px on narrow screens.
 */
export class StrideChat extends HTMLElement {
  static observedAttributes = ["websocket-url", "tenant", "locale", "dir", "business", "suggestions"];

  /** @type {ChatWindow | null} */
  #window = null;
  /** @type {((window: ChatWindow) => void)[]} */
  #waiting = [];
  /** @type {Link | null} */
  #link = null;
  /** @type {Timer | undefined} */
  #retryTimer;
  #started = false;
  #loading = false;
  #isNear = false;
  #onLink = () => this.#followLink(takeLink());
  #launcher = h(
    "button",
    {
      class: "launcher",
      part: "launcher",
      "data-testid": "launcher",
      "aria-haspopup": "dialog",
      "aria-expanded": "false",
      onclick: () => this.open(),
      onpointerenter: () => this.#approach(),
      onfocus: () => this.#approach(),
    },
    drawIcon([ICON]),
  );
  #failure = h("p", { class: "failure", role: "status", "data-testid": "load-failure" });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    root.append(this.#launcher, this.#failure);
  }

  connectedCallback() {
    this.#started = true;
    this.#labelLauncher();
    this.#window?.start();
    addEventListener("hashchange", this.#onLink);
    this.#onLink();
    this.#loadIfExpected();
  }

  disconnectedCallback() {
    this.#started = false;
    clearTimeout(this.#retryTimer);
    removeEventListener("hashchange", this.#onLink);
    this.#window?.stop();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    // This is called for the attributes of an upgraded element before it is connected.
    if (!this.#started || before === after) return;
    if (name === "dir") this.#labelLauncher();
    if (name === "locale") this.followLanguage();
    else {
      this.#window?.acceptAttribute(name);
      this.#loadIfExpected();
    }
  }

  /**
   * The language may be another one now: that of an attribute, or the business's own.
   *
   * @internal
   */
  followLanguage() {
    this.#labelLauncher();
    this.#loadIfExpected();
  }

  get locale() {
    return chooseLanguage(
      this.getAttribute("locale"),
      this.closest("[lang]")?.getAttribute("lang") || navigator.language,
      findTenantLanguage(this.getAttribute("tenant")),
    );
  }

  /**
   * The language that the widget uses now; to set it sets the attribute, as frameworks do where there is a property.
   *
   * @type {string}
   */
  set locale(locale) {
    this.setAttribute("locale", locale);
  }

  /**
   * Open the window and connect.
   *
   * @param {{ focus?: boolean }} options `focus: false` leaves the focus where it is.
   */
  open({ focus = true } = {}) {
    this.#run((window) => window.open({ focus }));
  }

  /** Close the window. The conversation stays. */
  close() {
    this.#waiting = [];
    this.#window?.close();
  }

  /**
   * Open the booking form, with a service (its id in the profile) and a date (`2026-12-01`) filled in if given.
   *
   * @param {BookingRequest} request
   */
  book(request = {}) {
    this.#run((window) => window.book(request));
  }

  #labelLauncher() {
    for (const node of [this.#launcher, this.#failure]) markLanguage(node, this.locale, this.dir);
    this.#launcher.setAttribute("aria-label", this.#findText("open"));
  }

  /**
   * Say that something could not be loaded; the next success takes it back.
   *
   * @param {boolean} hasFailed
   */
  #showFailure(hasFailed) {
    setText(this.#failure, hasFailed ? this.#findText("load_failed") : "");
  }

  /** @param {string} id A text that is there before a language is loaded. */
  #findText(id) {
    return findLanguage(this.locale).texts[id] ?? "";
  }

  /** A visitor is likely to open the window: load it, and connect. */
  #approach() {
    this.#isNear = true;
    if (this.#window) this.#window.connect();
    else this.#load();
  }

  /** @param {(window: ChatWindow) => void} action */
  #run(action) {
    if (this.#window) {
      action(this.#window);
      return;
    }
    this.#waiting.push(action);
    this.#launcher.setAttribute("aria-busy", "true");
    this.#load();
  }

  /**
   * Show the appointment of a link, if there is one.
   *
   * @param {Link | null} link
   */
  #followLink(link) {
    if (link === null) return;
    this.#link = link;
    if (this.#window) this.#showLink(this.#window);
    else this.#load();
  }

  /** @param {ChatWindow} window */
  async #showLink(window) {
    const link = this.#link;
    if (link === null) return;
    if (await window.followLink(link)) this.#link = null;
    else this.#retryTimer = setTimeout(() => this.#showLink(window), RETRY_MS);
  }

  #loadIfExpected() {
    clearTimeout(this.#retryTimer);
    if (this.#isExpected()) this.#load();
  }

  /** Whether something has to be loaded before anybody presses. */
  #isExpected() {
    if (this.#window) return this.#window.locale !== this.locale;
    if (this.#waiting.length > 0 || this.#link !== null) return true;
    const tenant = this.getAttribute("tenant");
    return tenant !== null && this.hasAttribute("websocket-url") && hasPast(tenant);
  }

  /** Load the conversation and its texts in the language of now, then do what waits for it. */
  async #load() {
    if (this.#loading || !this.#started) return;
    this.#loading = true;
    const { locale } = this;
    const parts = await Promise.all([import("./chat-window.js"), findLanguage(locale).load()]).catch(() => null);
    this.#loading = false;
    if (!this.#started) return;
    this.#launcher.removeAttribute("aria-busy");
    if (parts === null) this.#acceptFailure();
    else if (this.locale === locale) {
      const [{ ChatWindow }, texts] = parts;
      this.#showWindow(ChatWindow, locale, texts);
    } else this.#load();
  }

  #acceptFailure() {
    if (this.#waiting.length > 0 || this.#link !== null) this.#showFailure(true);
    this.#waiting = []; // Who has pressed is told to press again, and is not surprised later.
    clearTimeout(this.#retryTimer);
    if (this.#isExpected()) this.#retryTimer = setTimeout(() => this.#load(), RETRY_MS);
  }

  /**
   * @param {typeof ChatWindow} Window
   * @param {string} locale
   * @param {import("./texts.js").TextModule} texts
   */
  #showWindow(Window, locale, texts) {
    this.#showFailure(false);
    if (this.#window) {
      this.#window.speak(locale, texts);
      return;
    }
    const window = new Window(this, this.#launcher, (hasFailed) => this.#showFailure(hasFailed));
    this.#window = window;
    window.speak(locale, texts);
    window.start();
    if (this.#isNear) window.connect();
    for (const action of this.#waiting.splice(0)) action(window);
    this.#showLink(window);
  }
}

if (!customElements.get("stride-chat")) customElements.define("stride-chat", StrideChat);
