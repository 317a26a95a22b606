/**
 * `<stride-chat>`: the chat widget as one element on a business's page.
 *
 *     <script type="module" src="https://cdn.example/widget/stride-chat.js"></script>
 *     <stride-chat websocket-url="wss://chat.example/prod" tenant="studio-lumen" locale="pl"></stride-chat>
 *
 * Attributes: `websocket-url`, `tenant`, `locale` (pl | en; else the page's), `business` (the name at the top),
 * `suggestions` (first questions to offer, split by "|"), `theme` (light | dark | auto). Methods: `open()`,
 * `close()`, `book({ service, date })`. Events: `stride-chat-open`, `stride-chat-close`.
 *
 * Styling: custom properties `--stride-chat-brand`, `--stride-chat-on-brand`, `--stride-chat-font`,
 * `--stride-chat-radius`, `--stride-chat-z-index`, `--stride-chat-inset`; parts `launcher panel header log
 * message-visitor message-assistant card composer booking`.
 *
 * Hooks for tests, all `data-testid` in the open shadow root: launcher unread panel close connection-status
 * disclosure log message message-status typing suggestion notice retry alternative newest; composer-input send
 * stop counter book offer-booking; booking-form booking-back booking-service days day times time times-note
 * times-lost times-retry later-days zone-note booking-name booking-contact booking-note booking-submit
 * booking-error booking-alternative; appointment
 * card-problem code-entry code-sent code-input code-submit code-resend release countdown; stage-confirmed
 * stage-cancelled stage-lapsed download-ics reschedule cancel-appointment cancel-yes cancel-no book-again.
 * A `message` says `data-kind` (said | answer), `data-state` (pending accepted sent failed | streaming final)
 * and `data-seq`; an `appointment` says `data-stage` (pending confirmed cancelled lapsed).
 */

import { Chat } from "./chat.js";
import { awaited, timeline } from "./conversation.js";
import { localeFor, stringsFor } from "./strings.js";
import { styleSheets } from "./styles.js";
import { BookingForm } from "./views/booking-form.js";
import { Composer } from "./views/composer.js";
import { Log } from "./views/log.js";
import { Panel } from "./views/panel.js";

export class StrideChat extends HTMLElement {
  static observedAttributes = ["websocket-url", "tenant", "locale", "business", "suggestions"];

  #chat = null;
  #panel = null;
  #log;
  #composer;
  #form;
  #drawing = false;
  #onWake = () => {
    if (document.visibilityState === "visible") this.#chat?.wake();
    this.#draw();
  };

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = styleSheets();
  }

  connectedCallback() {
    this.#build();
    this.#converse();
    for (const [target, event] of WAKING) target.addEventListener(event, this.#onWake);
  }

  disconnectedCallback() {
    for (const [target, event] of WAKING) target.removeEventListener(event, this.#onWake);
    this.#chat?.stop();
    this.#chat = null;
    this.#panel?.dispose();
  }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || !this.#panel || before === after) return;
    if (name === "websocket-url" || name === "tenant") this.#converse();
    else {
      if (name === "locale") this.#chat?.speak(this.locale);
      this.#build();
    }
  }

  get locale() {
    return localeFor(this.getAttribute("locale") || this.closest("[lang]")?.lang || navigator.language);
  }

  /** Open the window and connect. */
  open({ focus = true } = {}) {
    if (this.#panel.isOpen) return;
    this.#panel.open({ focus });
    this.#chat?.start();
    if (this.#chat) this.#chat.store.open = true;
    this.#draw();
    this.dispatchEvent(new CustomEvent("stride-chat-open", { bubbles: true, composed: true }));
  }

  close() {
    if (!this.#panel.isOpen) return;
    this.#panel.close();
    if (this.#chat) this.#chat.store.open = false;
    this.dispatchEvent(new CustomEvent("stride-chat-close", { bubbles: true, composed: true }));
  }

  /** Open the booking form, with a service and a date filled in if given. */
  book(wish = {}) {
    this.open({ focus: false });
    if (!this.#chat) return;
    this.#form.open(wish);
    this.#panel.cover(true);
  }

  /** Start on a conversation; a returning visitor is connected at once, a new one when they reach for it. */
  #converse() {
    const [url, tenant] = [this.getAttribute("websocket-url"), this.getAttribute("tenant")];
    this.#chat?.stop();
    this.#chat = null;
    if (!url || !tenant) return;
    this.#chat = new Chat({ url, tenant, locale: this.locale, onChange: () => this.#draw() });
    if (this.#chat.hasPast || this.#panel.isOpen) this.#chat.start();
    if (this.#chat.store.open && !matchMedia("(max-width: 520px)").matches) this.open({ focus: false });
    this.#draw();
  }

  /** Make the views, in the language of now; words not sent yet are carried over. */
  #build() {
    const [words, wasOpen] = [this.#composer?.text ?? "", this.#panel?.isOpen ?? false];
    const context = this.#context();
    this.#panel?.dispose();
    this.#form?.close();
    this.#log = new Log(context);
    this.#composer = new Composer(context);
    this.#form = new BookingForm(context);
    this.#panel = new Panel(context, {
      log: this.#log, composer: this.#composer, form: this.#form,
      onOpen: () => this.open(), onClose: () => this.close(), onNear: () => this.#chat?.start(),
    });
    this.shadowRoot.replaceChildren(...this.#panel.nodes);
    this.#composer.text = words;
    if (wasOpen) this.#panel.open({ focus: false });
    this.#draw();
  }

  #context() {
    const command = (type, data) => this.#chat?.command(type, data) ?? null;
    return {
      t: stringsFor(this.locale),
      locale: this.locale,
      business: this.getAttribute("business") ?? "",
      suggestions: (this.getAttribute("suggestions") ?? "").split("|").map((text) => text.trim()).filter(Boolean),
      connected: () => this.#chat?.connectionState === "open",
      zone: () => this.#known()?.time_zone,
      services: () => this.#known()?.services ?? [],
      serviceName: (id) => this.#known()?.services?.find((service) => service.id === id)?.name ?? sentence(id),
      actions: {
        say: (text) => {
          command("chat.send", { text });
          this.#log.toEnd();
        },
        stop: () => this.#chat?.stopAnswer(),
        again: (id, refused, how) => this.#chat?.again(id, refused, how),
        book: (wish) => this.book(wish),
        closeForm: (appointmentId) => this.#closeForm(appointmentId),
        ask: (data, options) => this.#chat?.ask(data, options) ?? null,
        dropQuestion: () => this.#chat?.dropQuestion(),
        create: (data) => command("booking.create", data),
        verify: (id, code) => command("booking.verify", { appointment_id: id, code }),
        resend: (id) => command("booking.resend", { appointment_id: id }),
        cancel: (id) => command("booking.cancel", { appointment_id: id }),
        move: (id, start) => command("booking.reschedule", { appointment_id: id, start }),
      },
    };
  }

  /** What the business offers, as last heard: now, or on an earlier page. */
  #known() {
    return this.#chat?.offer(this.locale);
  }

  #closeForm(appointmentId) {
    this.#form.close();
    this.#panel.cover(false);
    this.#redraw();
    if (appointmentId) this.#log.focusCard(appointmentId);
    else this.#panel.focus();
  }

  /** Many frames may come at once: draw when the browser does, or soon if it does not paint at all now. */
  #draw() {
    if (this.#drawing || !this.#panel) return;
    this.#drawing = true;
    const later = document.visibilityState === "visible" ? requestAnimationFrame : setTimeout;
    later(() => this.#redraw());
  }

  #redraw() {
    this.#drawing = false;
    if (!this.#chat) return this.#panel.update("idle", 0);
    const { state, store, connectionState } = this.#chat;
    const seen = this.#panel.isOpen && document.visibilityState === "visible";
    if (seen && state.lastSeq > store.lastSeq) store.lastSeq = state.lastSeq;
    const unread = timeline(state).filter((entry) => entry.kind !== "said" && entry.seq > store.lastSeq).length;
    const owed = awaited(state);
    this.#log.update(state, owed);
    this.#composer.update(state, owed);
    this.#form.update(state);
    this.#panel.update(connectionState, seen ? 0 : unread);
  }
}

const WAKING = [
  [globalThis, "online"],
  [globalThis, "pageshow"],
  [document, "visibilitychange"],
];

/** "deep-tissue" -> "Deep tissue": for a service whose name we have not heard yet. */
function sentence(id) {
  const words = String(id).replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

if (!customElements.get("stride-chat")) customElements.define("stride-chat", StrideChat);
