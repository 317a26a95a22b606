/**
 * Keeps the visitor connected: says hello, comes back after a break, and moves on before the two-hour limit.
 */

import { newId } from "./ids.js";
import { Line, TIMINGS } from "./line.js";

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
 * @property {() => void} onReady We are welcomed on a new line: send what is owed.
 * @property {(state: ConnectionState) => void} onState
 */

const REFUSALS_BEFORE_DOUBT = 2;

export class Connection {
  #options;
  #timings;
  /** @type {Line | null} */
  #line = null;
  /** @type {Line | null} */
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

  /** @type {ConnectionState} */
  state = "idle";

  /** @param {ConnectionOptions} options */
  constructor(options, timings = TIMINGS) {
    this.#options = options;
    this.#timings = timings;
  }

  start() {
    if (this.state !== "idle") return;
    this.#enter("connecting");
    this.#connect();
  }

  stop() {
    for (const timer of [this.#retryTimer, this.#welcomeTimer, this.#moveTimer, this.#helloTimer]) clearTimeout(timer);
    this.#line?.end();
    this.#successor?.end();
    this.#line = null;
    this.#successor = null;
    this.#welcomed = false;
    this.#enter("idle");
  }

  /**
   * Send at once, or return false: there is no welcomed line now.
   *
   * @param {ClientFrame} frame
   */
  send(frame) {
    return this.#welcomed && this.#line !== null && this.#line.send(frame);
  }

  /** Ask again for every durable frame after the last one we have. */
  hello() {
    if (this.#line) this.#greet(this.#line);
  }

  /** The network or the page has come back: do not wait for a timer to find out. */
  wake() {
    if (this.state === "open") this.#line?.probe(5_000);
    else if (this.state === "reconnecting") this.#retryNow();
  }

  /** The line looks open, but answers do not come: start over on another one. */
  restart() {
    this.#line?.fail();
  }

  #connect() {
    const { token } = this.#options.store;
    const doubted = token !== null && this.#refusals >= REFUSALS_BEFORE_DOUBT;
    this.#line = this.#dial(doubted ? null : token, {
      open: (line) => (doubted ? this.#compare(line, token) : this.#greet(line)),
      end: (_, opened) => {
        // A refusal and a dead network look alike from inside a page. Without the token we tried once.
        if (!opened) this.#refusals = doubted || token === null ? 0 : this.#refusals + 1;
        this.#retryLater();
      },
    });
  }

  /**
   * A connection without the token opens. Only if the token is refused while that one is open is the token
   * bad; otherwise it was the network, and the visitor keeps the conversation.
   *
   * @param {Line} withoutToken
   * @param {string | null} token
   */
  #compare(withoutToken, token) {
    const adopt = (/** @type {Line} */ line) => {
      this.#line = line;
      this.#refusals = 0;
      this.#greet(line);
    };
    this.#successor = this.#dial(token, {
      open: (line) => {
        if (this.#line !== withoutToken) {
          line.end();
          return;
        }
        withoutToken.end();
        this.#successor = null;
        adopt(line);
      },
      end: (line, opened) => {
        if (this.#line === line) this.#retryLater();
        else if (!opened && this.#line === withoutToken) {
          this.#successor = null;
          adopt(withoutToken);
        }
      },
    });
  }

  #move() {
    this.#successor?.end();
    this.#successor = this.#dial(this.#options.store.token, {
      open: (line) => this.#greet(line),
      end: (line) => {
        if (this.#line === line) this.#retryLater();
        else if (this.#successor === line) this.#successor = null; // The old line serves until it is closed.
      },
    });
  }

  /**
   * @param {string | null} token
   * @param {{ open: (line: Line) => void, end: (line: Line, opened: boolean) => void }} on
   */
  #dial(token, { open, end }) {
    const query = new URLSearchParams({ tenant: this.#options.tenant });
    if (token) query.set("session", token);
    query.set("locale", this.#options.locale());
    const frame = (/** @type {Line} */ line, /** @type {Frame} */ received) => this.#receive(line, received);
    return new Line(`${this.#options.url}?${query}`, { open, end, frame }, this.#timings);
  }

  /** @param {Line} line */
  #greet(line) {
    this.#helloId = newId();
    line.send({ v: 1, type: "hello", id: this.#helloId, data: this.#options.hello() });
    clearTimeout(this.#welcomeTimer);
    this.#welcomeTimer = setTimeout(() => line.fail(), this.#timings.answerWithin);
  }

  /**
   * @param {Line} line
   * @param {Frame} frame
   */
  #receive(line, frame) {
    if (frame.type === "welcome") this.#welcome(line, frame);
    else if (frame.type === "error" && frame.re && frame.re === this.#helloId) {
      this.#refused(line, frame);
      return;
    }
    this.#options.onFrame(frame);
  }

  /**
   * @param {Line} line
   * @param {Frame<"welcome">} frame
   */
  #welcome(line, frame) {
    clearTimeout(this.#welcomeTimer);
    this.#options.store.token = frame.data.session;
    const fresh = line === this.#successor || !this.#welcomed;
    if (line === this.#successor) {
      this.#line?.end();
      this.#line = line;
      this.#successor = null;
    }
    if (!fresh) return;
    this.#welcomed = true;
    this.#attempt = 0;
    this.#refusals = 0;
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => this.#move(), this.#timings.moveAfter);
    this.#enter("open");
    queueMicrotask(() => this.#options.onReady()); // After the welcome itself has been looked at.
  }

  /**
   * @param {Line} line
   * @param {Frame<"error">} frame
   */
  #refused(line, { data }) {
    clearTimeout(this.#welcomeTimer);
    if (data.code === "SESSION_EXPIRED" || data.code === "UNAUTHENTICATED") this.#options.store.token = null;
    if (!data.retryable) {
      line.fail();
      return;
    }
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => this.#greet(line), data.retry_after_ms ?? 2_000);
  }

  #retryLater() {
    clearTimeout(this.#welcomeTimer);
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#moveTimer);
    this.#successor?.end();
    this.#line = null;
    this.#successor = null;
    this.#welcomed = false;
    this.#enter("reconnecting");
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), backoff(this.#attempt, this.#timings));
    this.#attempt += 1;
  }

  #retryNow() {
    if (this.#line) return; // An attempt is under way.
    clearTimeout(this.#retryTimer);
    this.#attempt = 0;
    this.#connect();
  }

  /** @param {ConnectionState} state */
  #enter(state) {
    if (this.state === state) return;
    this.state = state;
    this.#options.onState(state);
  }
}

/**
 * Return the wait before attempt `attempt` (0 is the first): exponential, half of it random.
 *
 * @param {number} attempt
 */
export function backoff(attempt, timings = TIMINGS, random = Math.random) {
  const ceiling = Math.min(timings.backoffMax, timings.backoffBase * 2 ** attempt);
  return ceiling / 2 + (random() * ceiling) / 2;
}
