/**
 * Keeps the visitor connected: says hello, reconnects after a disconnect, and moves on before the two-hour limit.
 */

import { newId } from "./ids.js";
import { Socket, TIMINGS } from "./socket.js";

/** @import { ClientFrame, ConnectionState, Frame, Timer } from "./types.d.ts" */
/** @import { Store } from "./store.js" */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} url
 * @property {string} tenant
 * @property {Pick<Store, "token">} store
 * @property {() => string} locale
 * @property {() => object} hello What a hello says.
 * @property {(frame: Frame) => void} onFrame
 * @property {() => void} onReady A new connection was welcomed: send what was not acknowledged.
 * @property {(state: ConnectionState) => void} onState
 * @property {(delayMs: number) => void} onLimit The server accepts no hello for so long.
 */

const REFUSALS_BEFORE_DOUBT = 2;
const HELLO_RETRY_MS = 2_000;

export class Connection {
  #options;
  #timings;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {Socket | null} */
  #successor = null;
  #welcomed = false;
  /** @type {string | null} */
  #helloId = null;
  #attempt = 0;
  #refusals = 0;
  /** @type {Timer | undefined} */
  #retryTimer;
  /** @type {Timer | undefined} */
  #welcomeTimer;
  /** @type {Timer | undefined} */
  #moveTimer;
  /** @type {Timer | undefined} */
  #helloTimer;
  /** @type {Timer | undefined} */
  #outageTimer;
  #isOutage = false;

  /** @type {ConnectionState} */
  state = "idle";

  /** @param {ConnectionOptions} options */
  constructor(options, timings = TIMINGS) {
    this.#options = options;
    this.#timings = timings;
  }

  start() {
    if (this.state !== "idle") return;
    this.#setState("connecting");
    this.#connect();
  }

  stop() {
    for (const timer of [this.#retryTimer, this.#welcomeTimer, this.#moveTimer, this.#helloTimer]) clearTimeout(timer);
    this.#dropSockets();
    this.#setState("idle");
  }

  /**
   * Send at once, or return false: no connection is welcomed now.
   *
   * @param {ClientFrame} frame
   */
  send(frame) {
    return this.#welcomed && this.#socket !== null && this.#socket.send(frame);
  }

  /** Ask again for every durable frame after the last one we have. */
  hello() {
    if (this.#socket) this.#sendHello(this.#socket);
  }

  /**
   * The network or the page has come back: do not wait for a timer to find out. An attempt from before the network
   * came back may wait for an answer that never comes: with `afresh` another one takes its place.
   */
  wake({ afresh = false } = {}) {
    if (this.state === "open") this.probe();
    else if (this.state !== "idle") {
      if (afresh) this.#dropSockets();
      this.#retryNow();
    }
  }

  /** Find out within seconds whether an open connection still answers. */
  probe() {
    if (this.state === "open") this.#socket?.probe(this.#timings.probeWithin);
  }

  /** The browser says that there is no network: a socket would notice after minutes. It may err, so we go on trying. */
  goOffline() {
    if (this.state === "open") this.#socket?.fail();
    else if (this.state !== "idle") this.#setState(this.#describeLoss());
  }

  /** Open another connection: this one looks open, but no answers come. */
  restart() {
    this.#socket?.fail();
  }

  #connect() {
    const { token } = this.#options.store;
    const doubted = token !== null && this.#refusals >= REFUSALS_BEFORE_DOUBT;
    this.#socket = this.#openSocket(doubted ? null : token, {
      open: (socket) => (doubted ? this.#tryToken(socket, token) : this.#sendHello(socket)),
      end: (_, wasOpen) => {
        // A refusal and a dead network look alike from inside a page. Without the token we tried once.
        if (!wasOpen) this.#refusals = doubted || token === null ? 0 : this.#refusals + 1;
        this.#retryLater();
      },
    });
  }

  /**
   * A connection without the token opens. Only if the token is refused while that one is open is the token
   * bad; otherwise it was the network, and the visitor keeps the conversation.
   *
   * @param {Socket} socketWithoutToken
   * @param {string | null} token
   */
  #tryToken(socketWithoutToken, token) {
    const adopt = (/** @type {Socket} */ socket) => {
      this.#socket = socket;
      this.#refusals = 0;
      this.#sendHello(socket);
    };
    this.#successor = this.#openSocket(token, {
      open: (socket) => {
        if (this.#socket !== socketWithoutToken) {
          socket.end();
          return;
        }
        socketWithoutToken.end();
        this.#successor = null;
        adopt(socket);
      },
      end: (socket, wasOpen) => {
        if (this.#socket === socket) this.#retryLater();
        else if (!wasOpen && this.#socket === socketWithoutToken) {
          this.#successor = null;
          adopt(socketWithoutToken);
        }
      },
    });
  }

  #moveConnection() {
    this.#successor?.end();
    this.#successor = this.#openSocket(this.#options.store.token, {
      open: (socket) => this.#sendHello(socket),
      end: (socket) => {
        if (this.#socket === socket) this.#retryLater();
        else if (this.#successor === socket) this.#successor = null; // The old socket is used until it is closed.
      },
    });
  }

  /**
   * @param {string | null} token
   * @param {{ open: (socket: Socket) => void, end: (socket: Socket, wasOpen: boolean) => void }} on
   */
  #openSocket(token, { open, end }) {
    const query = new URLSearchParams({ tenant: this.#options.tenant });
    if (token) query.set("session", token);
    query.set("locale", this.#options.locale());
    const frame = (/** @type {Socket} */ socket, /** @type {Frame} */ received) => this.#receive(socket, received);
    return new Socket(`${this.#options.url}?${query}`, { open, end, frame }, this.#timings);
  }

  /** @param {Socket} socket */
  #sendHello(socket) {
    this.#helloId = newId();
    socket.send({ v: 1, type: "hello", id: this.#helloId, data: this.#options.hello() });
    clearTimeout(this.#welcomeTimer);
    this.#welcomeTimer = setTimeout(() => socket.fail(), this.#timings.answerWithin);
  }

  /**
   * @param {Socket} socket
   * @param {Frame} frame
   */
  #receive(socket, frame) {
    if (frame.type === "welcome") this.#acceptWelcome(socket, frame);
    else if (frame.type === "error" && frame.re && frame.re === this.#helloId) {
      this.#handleRefusal(socket, frame);
      return;
    }
    this.#options.onFrame(frame);
  }

  /**
   * @param {Socket} socket
   * @param {Frame<"welcome">} frame
   */
  #acceptWelcome(socket, frame) {
    clearTimeout(this.#welcomeTimer);
    this.#options.store.token = frame.data.session;
    const fresh = socket === this.#successor || !this.#welcomed;
    if (socket === this.#successor) {
      this.#socket?.end();
      this.#socket = socket;
      this.#successor = null;
    }
    if (!fresh) return;
    this.#welcomed = true;
    this.#attempt = 0;
    this.#refusals = 0;
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => this.#moveConnection(), this.#timings.moveAfter);
    this.#setState("open");
    queueMicrotask(() => this.#options.onReady()); // After the welcome itself has been looked at.
  }

  /**
   * @param {Socket} socket
   * @param {Frame<"error">} frame
   */
  #handleRefusal(socket, { data }) {
    clearTimeout(this.#welcomeTimer);
    if (data.code === "SESSION_EXPIRED" || data.code === "UNAUTHENTICATED") this.#options.store.token = null;
    if (!data.retryable) {
      socket.fail();
      return;
    }
    const delayMs = data.retry_after_ms ?? HELLO_RETRY_MS;
    if (data.code === "RATE_LIMITED") this.#options.onLimit(delayMs);
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => this.#sendHello(socket), delayMs);
  }

  #retryLater() {
    clearTimeout(this.#welcomeTimer);
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#moveTimer);
    this.#dropSockets();
    this.#setState(this.#describeLoss());
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), computeBackoff(this.#attempt, this.#timings));
    this.#attempt += 1;
  }

  #dropSockets() {
    this.#socket?.end();
    this.#successor?.end();
    this.#socket = null;
    this.#successor = null;
    this.#welcomed = false;
  }

  #retryNow() {
    if (this.#socket) return; // An attempt is under way.
    clearTimeout(this.#retryTimer);
    this.#attempt = 0;
    this.#connect();
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    if (state === "open" || state === "idle") {
      clearTimeout(this.#outageTimer);
      this.#outageTimer = undefined;
      this.#isOutage = false;
    } else this.#outageTimer ??= setTimeout(() => this.#noteOutage(), this.#timings.outageAfter);
    this.#options.onState(state);
  }

  #noteOutage() {
    this.#isOutage = true;
    this.#setState(this.#describeLoss());
  }

  #describeLoss() {
    if (globalThis.navigator?.onLine === false) return "offline";
    return this.#isOutage ? "unreachable" : "reconnecting";
  }
}

/**
 * Return the wait before attempt `attempt` (0 is the first): exponential, half of it random.
 *
 * @param {number} attempt
 */
export function computeBackoff(attempt, timings = TIMINGS, random = Math.random) {
  const ceiling = Math.min(timings.backoffMax, timings.backoffBase * 2 ** attempt);
  return ceiling / 2 + (random() * ceiling) / 2;
}
