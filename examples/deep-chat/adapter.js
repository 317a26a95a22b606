/**
 * Translates between deep-chat (`connect: { websocket: true, handler }`, https://deepchat.dev/docs/connect#handler) and
 * the protocol in `docs/asyncapi.yaml`: `hello`, `chat.send`, `ack`, `chat.delta`, `chat.final` and errors.
 *
 * It keeps the promises that a client has to keep: what was not acknowledged is sent again under its id, one command
 * at a time; durable frames (with a `seq`) are shown once and in order; the conversation goes on after a lost connection
 * and a reload. Bookings, challenges and hand-overs need views that deep-chat does not have; their frames only count.
 */

const PING_MS = 5 * 60 * 1000; // API Gateway closes what is idle for ten minutes.
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

class Adapter {
  #options;
  #signals;
  #socket = null;
  #lastSeq = 0;
  #failures = 0;
  /** Commands without an ack, oldest first. */
  #unacknowledged = [];
  #sentIds = new Set();
  /** The `chat.send` whose answer is being written, and the text until now. */
  #draft = { re: null, text: "" };
  /** deep-chat shows a response some time after it gets it; the next one waits, so that the order stays. */
  #displayed = Promise.resolve();

  constructor(options, signals) {
    this.#options = options;
    this.#signals = signals;
    signals.newUserMessage.listener = ({ messages }) => this.#say(messages.at(-1).text);
  }

  open() {
    const query = new URLSearchParams({ tenant: this.#options.tenant });
    const session = localStorage.getItem(this.#storageKey);
    if (session) query.set("session", session);
    const socket = new WebSocket(`${this.#options.url}?${query}`);
    this.#socket = socket;
    let pings = 0;
    socket.onopen = () => {
      this.#greet();
      pings = setInterval(() => this.#send({ type: "ping", data: {} }), PING_MS);
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = () => {
      clearInterval(pings);
      this.#signals.onClose();
      this.#failures += 1;
      const wait = Math.min(RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
      setTimeout(() => this.open(), wait * Math.random());
    };
  }

  get #storageKey() {
    return `deep-chat/${this.#options.tenant}/session`;
  }

  #greet() {
    const tz = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.#send({ type: "hello", data: { last_seq: this.#lastSeq, locale: this.#options.locale, tz } });
  }

  #send(frame) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ v: 1, id: crypto.randomUUID(), ...frame }));
  }

  #say(text) {
    const command = { type: "chat.send", id: crypto.randomUUID(), data: { text } };
    this.#sentIds.add(command.id);
    this.#unacknowledged.push(command);
    if (this.#unacknowledged.length === 1) this.#send(command);
  }

  /** A command is done with: it was acknowledged or answered. Send the next one. */
  #complete(id) {
    const [oldest] = this.#unacknowledged;
    if (oldest?.id !== id) return;
    this.#unacknowledged.shift();
    if (this.#unacknowledged.length > 0) this.#send(this.#unacknowledged[0]);
  }

  #receive(frame) {
    if (frame.v !== 1) return; // A message of API Gateway itself.
    if (frame.seq) {
      if (frame.seq <= this.#lastSeq) return;
      if (frame.seq > this.#lastSeq + 1) {
        this.#greet(); // What is missing comes again, in order.
        return;
      }
      this.#lastSeq = frame.seq;
    }
    if (this.#postpone(frame)) return;
    if (frame.re) this.#complete(frame.re);
    if (frame.type === "welcome") this.#accept(frame.data);
    else if (frame.type === "chat.sent" && !this.#sentIds.has(frame.re)) {
      this.#show({ text: frame.data.text, role: "user" });
    } else if (frame.type === "chat.delta") this.#extend(frame);
    else if (frame.type === "chat.final") this.#finish(frame);
    else if (frame.type === "error") this.#show({ error: frame.data.message });
  }

  /** What was refused because too much came at once was not accepted: it is sent again when the server says. */
  #postpone({ type, seq, re, data }) {
    const [oldest] = this.#unacknowledged;
    if (type !== "error" || data.code !== "RATE_LIMITED" || seq || oldest?.id !== re) return false;
    setTimeout(() => this.#send(oldest), data.retry_after_ms ?? RETRY_MS);
    return true;
  }

  #accept({ session, resume }) {
    localStorage.setItem(this.#storageKey, session);
    if (resume === "expired") this.#lastSeq = 0; // Another conversation.
    this.#failures = 0;
    this.#signals.onOpen();
    if (this.#unacknowledged.length > 0) this.#send(this.#unacknowledged[0]);
  }

  /** The answer from the character `offset` on is `text`. */
  #extend({ re, data }) {
    const isNew = this.#draft.re !== re;
    const before = isNew ? "" : this.#draft.text;
    if (data.offset > before.length) return; // Something is missing; the final frame has it all.
    this.#draft = { re, text: before.slice(0, data.offset) + data.text };
    this.#show({ text: this.#draft.text, overwrite: !isNew });
  }

  /** The final text takes the place of the deltas. */
  #finish({ re, data }) {
    const isDraft = re !== undefined && this.#draft.re === re;
    this.#draft = { re: null, text: "" };
    if (data.text) this.#show({ text: data.text, overwrite: isDraft });
  }

  #show(response) {
    this.#displayed = this.#displayed.then(() => this.#signals.onResponse({ role: "ai", ...response }));
  }
}

/** @param {{ url: string, tenant: string, locale: string }} options */
export function connectTo(options) {
  return { websocket: true, handler: (_body, signals) => new Adapter(options, signals).open() };
}
