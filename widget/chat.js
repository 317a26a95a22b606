/**
 * One visitor's conversation on this page: connection, outbox, queries and state put together.
 */

import { canSolve, Challenges, isChallenge } from "./challenges.js";
import { Connection } from "./connection.js";
import { EMPTY, hasGap, isForAnotherTab, reduce } from "./conversation.js";
import { getVisitorZone } from "./dates.js";
import { newId } from "./ids.js";
import { mergeOffer } from "./offer.js";
import { Outbox } from "./outbox.js";
import { QuerySender } from "./query-sender.js";
import { awaitedMessageId } from "./selectors.js";
import { Store } from "./store.js";

/** @import { Command, CommandData, CommandFrame, Frame, LocalFrame, Offer, State, Timer } from "./types.d.ts" */

const GAP_TIMEOUT_MS = 3_000;
const GAP_WELCOMES = 2;
/** After this time without a frame, while an answer is awaited or the visitor writes, we ask whether anybody is there. */
const SILENCE_MS = 15_000;
const LIMIT_RETRY_MS = 2_000;
/** After this time without an answer we say ourselves that it takes longer: the server may not be able to. */
const SLOW_AFTER_MS = 8_000;
const TYPING_MS = 6_000;

export class Chat {
  /** @type {State} */
  state = EMPTY;
  store;
  /** How many connections were welcomed: what was looked up on an earlier one may be out of date. */
  welcomes = 0;
  /** Whether the server accepts nothing for a while; what waits is sent again. */
  isLimited = false;
  /** @type {Timer | undefined} */
  #limitTimer;
  /** @type {Timer | undefined} */
  #typingTimer;
  #connection;
  #outbox;
  /** @type {Map<string, QuerySender>} */
  #querySenders = new Map();
  #challenges;
  #locale;
  #onChange;
  #onEnd;
  #onNews;
  /** @type {Timer | null} */
  #gapTimer = null;
  /** How many welcomes have come since the last durable frame that was applied, and which that was. */
  #gapWelcomes = 0;
  #gapAfter = 0;
  /** Up to which `seq` this page or one before it has had the news. */
  #reportedSeq = 0;
  /** @type {Timer | undefined} */
  #silenceTimer;
  #heardAt = 0;
  /** @type {Record<string, Offer | null>} */
  #offers = {};

  /**
   * `onChange()` is called after every change of `state` or `connectionState`, `onEnd()` when the session has ended.
   * `onNews(frame)` gets each durable frame once and in order, and each refusal; what an earlier page has had is no news.
   *
   * @param {{
   *   url: string, tenant: string, locale: string, onChange: () => void, onEnd: () => void,
   *   onNews: (frame: Frame) => void,
   * }} options
   */
  constructor({ url, tenant, locale, onChange, onEnd, onNews }) {
    this.#locale = locale;
    this.#onChange = onChange;
    this.#onEnd = onEnd;
    this.#onNews = onNews;
    this.store = new Store(tenant);
    this.contact = this.store.contact;
    this.#connection = new Connection({
      url,
      tenant,
      store: this.store,
      locale: () => this.#locale,
      // A fresh page has nothing, so it asks for everything: the conversation is kept on the server only.
      hello: () => ({
        last_seq: this.state.lastSeq,
        locale: this.#locale,
        tz: getVisitorZone(),
        capabilities: [...(canSolve() ? ["challenge"] : []), "presence", "progress"],
      }),
      onFrame: (frame) => this.#receive(frame),
      onLimit: (delayMs) => this.#showLimit(delayMs),
      onReady: () => {
        this.welcomes += 1;
        this.#outbox.resume();
        for (const sender of this.#querySenders.values()) sender.resume();
        onChange();
      },
      onState: (state) => {
        clearTimeout(this.#gapTimer ?? undefined); // Whatever was asked for on a connection ends with it.
        this.#gapTimer = null;
        if (state !== "open") {
          this.#outbox.pause();
          for (const sender of this.#querySenders.values()) sender.pause();
        }
        onChange();
      },
    });
    this.#outbox = new Outbox({
      store: this.store,
      // The server says `progress` about it even while it can read no table.
      transmit: (frame) => this.#connection.send({ ...frame, capabilities: ["progress"] }),
      onStall: () => this.#connection.restart(),
    });
    this.#challenges = new Challenges({
      onProof: (frame) => this.#outbox.add(frame),
      onFailure: (frame) => {
        this.store.dropCommand(frame.re);
        this.#apply({ local: "unsolved", frame });
        onNews(frame);
      },
    });
    for (const frame of this.#outbox.restore()) this.#apply({ local: "command", frame });
  }

  get connectionState() {
    return this.#connection.state;
  }

  /** Whether there is something to come back to: a session, or words that were never acknowledged. */
  get hasPast() {
    return this.store.token !== null || Object.keys(this.state.commands).length > 0;
  }

  /**
   * What the business offers, by the latest answer in this language (see `mergeOffer`), or null.
   *
   * @param {string} locale
   */
  findOffer(locale) {
    return (this.#offers[locale] ??= this.store.findOffer(locale));
  }

  start() {
    this.#connection.start();
  }

  stop() {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#gapTimer ?? undefined);
    clearTimeout(this.#limitTimer);
    clearTimeout(this.#typingTimer);
    this.#challenges.stop();
    this.#connection.stop();
  }

  /** @param {{ afresh?: boolean }} options */
  wake(options) {
    this.#connection.wake(options);
  }

  goOffline() {
    this.#connection.goOffline();
  }

  /** The visitor writes: find out now whether the message will get through, if nothing has been heard for a while. */
  checkConnection() {
    if (Date.now() - this.#heardAt < SILENCE_MS) return;
    this.#heardAt = Date.now();
    this.#connection.probe();
  }

  /** @param {string} locale */
  setLocale(locale) {
    this.#locale = locale;
    if (this.connectionState === "open") this.#connection.hello();
  }

  /**
   * Send a command now or as soon as possible; returns its id.
   *
   * @param {string} type
   * @param {CommandData} data
   */
  sendCommand(type, data, { id = newId() } = {}) {
    /** @type {CommandFrame} */
    const frame = { v: 1, type, id, data };
    this.#apply({ local: "command", frame });
    this.start();
    this.#outbox.add(frame);
    this.#watch(id);
    return id;
  }

  /**
   * Send a query (`booking.slots`, `booking.lookup`); returns its id. The query before with the same `topic` is
   * dropped; one that is sent again under its `id` accepts a late answer as well. `purpose` is what the link in
   * the query is for, which its answer does not say.
   *
   * @param {string} type
   * @param {CommandData} data
   * @param {{ id?: string, topic?: string, purpose?: string }} options
   */
  sendQuery(type, data, { id = newId(), topic = type, purpose } = {}) {
    /** @type {CommandFrame} */
    const frame = { v: 1, type, id, data };
    this.#apply({ local: "command", frame, purpose });
    this.start();
    this.#getQuerySender(topic).send(frame);
    return id;
  }

  /**
   * Drop the query with this topic: the visitor has closed what it was for.
   *
   * @param {string} topic
   */
  dropQuery(topic) {
    this.#querySenders.get(topic)?.drop();
  }

  /** End the running answer early. It is not queued as a command, or it would wait behind the answer that it stops. */
  stopAnswer() {
    const id = awaitedMessageId(this.state);
    if (id) this.#connection.send({ v: 1, type: "chat.stop", id: newId(), data: { id } });
  }

  /**
   * Try a refused command again. One that ended durably would only bring its stored outcome, so it needs a
   * new id; one refused at the door keeps its own, in case it got through after all.
   *
   * @param {string} id
   * @param {Pick<Command, "type" | "data">} command
   * @param {{ ended: boolean }} how
   */
  sendAgain(id, { type, data }, { ended }) {
    return this.sendCommand(type, data, ended ? {} : { id });
  }

  /**
   * The visitor has closed what the command was for. Nothing happens if it was not challenged: then it is on its way.
   *
   * @param {string} id
   */
  cancelProof(id) {
    this.#challenges.cancel(id);
  }

  /**
   * Mark a command as slow that has no answer after a while; without a connection the page says something else.
   *
   * @param {string} id
   */
  #watch(id) {
    setTimeout(() => {
      if (this.connectionState === "open" && !this.isLimited) this.#apply({ local: "slow", id });
    }, SLOW_AFTER_MS);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    this.#heardAt = Date.now();
    if (this.#postpone(frame)) return;
    if (this.#isEnd(frame)) {
      this.end();
      return;
    }
    if (frame.re) this.#outbox.acceptAnswer(frame.re);
    if (isChallenge(frame)) this.#acceptChallenge(frame);
    else if (frame.re && frame.type !== "ack") this.#challenges.drop(frame.re);
    if (frame.re && frame.type !== "ack") {
      for (const sender of this.#querySenders.values()) sender.acceptAnswer(frame.re);
    }
    if (frame.type === "booking.slots" || frame.type === "booking.details") {
      // Another tab may have asked in another language.
      if (!isForAnotherTab(this.state, frame)) this.#keepOffer(frame);
    }
    if (frame.type === "welcome") this.#acceptWelcome(frame.data);
    this.#apply(frame);
    if (frame.type === "presence" && frame.data.typing) this.#awaitTyping();
    this.#requestMissingFrames();
    this.#watchSilence();
  }

  /**
   * Whether the session has ended. For the tab that asked, the acknowledgement is enough: the end is on its queue, and
   * nobody else at this computer must see the conversation until its turn comes.
   *
   * @param {Frame} frame
   */
  #isEnd({ type, re }) {
    return type === "session.ended" || (type === "ack" && this.state.commands[re ?? ""]?.type === "session.end");
  }

  /** Forget the session; the page begins anew with another `Chat`. */
  end() {
    this.store.forget(this.state.sessionId ?? "");
    this.#onEnd();
  }

  /** A socket may be dead without saying so: while an answer is awaited, ask in its silences. */
  #watchSilence() {
    clearTimeout(this.#silenceTimer);
    if (awaitedMessageId(this.state) === null) return;
    this.#silenceTimer = setTimeout(() => {
      this.#connection.probe();
      this.#watchSilence();
    }, SILENCE_MS);
  }

  /** A person's typing is said again while it lasts, so without news it is over. */
  #awaitTyping() {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#apply({ type: "presence", data: { typing: false } }), TYPING_MS);
  }

  /**
   * What was refused because too much came at once was not accepted: it stays where it waits, and is sent again when
   * the server says. A stored refusal ends its command, as every other does.
   *
   * @param {Frame} frame
   */
  #postpone({ type, re, seq, data }) {
    if (type !== "error" || data.code !== "RATE_LIMITED" || seq || !re) return false;
    const delayMs = data.retry_after_ms ?? LIMIT_RETRY_MS;
    const isWaiting = [this.#outbox, ...this.#querySenders.values()].some((sender) => sender.postpone(re, delayMs));
    if (isWaiting) this.#showLimit(delayMs);
    return isWaiting;
  }

  /**
   * Solve it, if it is about a command of this page. The command is kept for a page that is reloaded meanwhile: that
   * one gets the challenge again.
   *
   * @param {import("./challenges.js").ChallengeFrame} frame
   */
  #acceptChallenge(frame) {
    const { commands, outcomes } = this.state;
    const known = commands[frame.re];
    if (outcomes[frame.re]) return;
    /** @type {CommandFrame | null} */
    const command = known ? { v: 1, type: known.type, id: frame.re, data: known.data } : null;
    if (command) this.store.keepCommand(command);
    this.#challenges.accept(frame, command);
  }

  /** @param {number} delayMs */
  #showLimit(delayMs) {
    this.isLimited = true;
    clearTimeout(this.#limitTimer);
    this.#limitTimer = setTimeout(() => {
      this.isLimited = false;
      this.#onChange();
    }, delayMs);
    this.#onChange();
  }

  /** @param {string} topic */
  #getQuerySender(topic) {
    let sender = this.#querySenders.get(topic);
    if (!sender) {
      sender = new QuerySender({
        transmit: (frame) => this.#connection.send(frame),
        onTimeout: (id) => this.#apply({ local: "unanswered", id }),
      });
      if (this.connectionState === "open") sender.resume();
      this.#querySenders.set(topic, sender);
    }
    return sender;
  }

  /** @param {Frame<"booking.slots" | "booking.details">} frame */
  #keepOffer(frame) {
    const offer = mergeOffer(this.findOffer(this.#locale), frame);
    this.#offers[this.#locale] = offer;
    this.store.keepOffer(this.#locale, offer);
  }

  /** @param {Frame<"welcome">["data"]} welcome */
  #acceptWelcome({ session_id: id, resume, contact = {}, locale }) {
    this.#gapWelcomes += 1;
    this.contact = contact;
    this.store.contact = contact;
    if (locale) this.store.keepLocale(locale);
    if (id === this.state.sessionId) return;
    this.#reportedSeq = resume === "ok" ? this.store.reportedSeq : 0;
    if (resume !== "ok") this.store.lastSeq = 0; // Nothing of this one was read.
  }

  /** @param {Frame | LocalFrame} frame */
  #apply(frame) {
    const before = this.state;
    const next = reduceSafely(before, frame);
    if (next === before) return;
    this.state = next;
    this.#onChange();
    this.#report(before, frame);
  }

  /**
   * Tell the page what is new: the frame, and those that have waited for it.
   *
   * @param {State} before
   * @param {Frame | LocalFrame} frame
   */
  #report(before, frame) {
    const { lastSeq } = this.state;
    if ("type" in frame && frame.type === "error" && !frame.seq) this.#onNews(frame);
    const known = "seq" in frame && frame.seq ? { ...before.ahead, [frame.seq]: frame } : before.ahead;
    for (const news of Object.values(known)) {
      if (news.seq && news.seq > this.#reportedSeq && news.seq <= lastSeq) this.#onNews(news);
    }
    if (lastSeq > this.#reportedSeq) {
      this.#reportedSeq = lastSeq;
      this.store.reportedSeq = lastSeq;
    }
  }

  /**
   * Ask for what is missing. Only what the server itself left out again after a welcome, and after another one, does it
   * no longer have: that is passed over. While nobody answers, nothing is.
   */
  #requestMissingFrames() {
    const { lastSeq } = this.state;
    if (lastSeq !== this.#gapAfter) {
      clearTimeout(this.#gapTimer ?? undefined);
      this.#gapTimer = null;
      this.#gapWelcomes = 0;
      this.#gapAfter = lastSeq;
    }
    if (!hasGap(this.state) || this.#gapTimer !== null || this.connectionState !== "open") return;
    if (this.#gapWelcomes >= GAP_WELCOMES) {
      this.#apply({ local: "skip" });
      this.#requestMissingFrames();
      return;
    }
    this.#connection.hello();
    this.#gapTimer = setTimeout(() => {
      this.#gapTimer = null;
      this.#requestMissingFrames();
    }, GAP_TIMEOUT_MS);
  }
}

/**
 * A frame that is not as the contract says stops nothing: it counts like one of a type that we do not know.
 *
 * @param {State} state
 * @param {Frame | LocalFrame} frame
 */
function reduceSafely(state, frame) {
  try {
    return reduce(state, frame);
  } catch {
    return "seq" in frame ? reduce(state, /** @type {Frame} */ ({ ...frame, type: /** @type {any} */ ("?") })) : state;
  }
}
