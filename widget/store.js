/**
 * Keeps what must survive a reload, per tenant: the resume token, what was read, and commands without an ack.
 *
 * What is being written is kept for the tab, and how to reach the business while the server can't be reached.
 * The conversation itself is not kept here: the server sends it again. Each unacknowledged command has a key of
 * its own, so that two tabs never overwrite each other's. Where storage is closed to us (private windows,
 * blocked cookies) a map in memory stands in, and only reloads lose something.
 */

import { getPrefix } from "./past.js";

/** @import { CommandFrame, Contact, Offer, StorageArea } from "./types.d.ts" */

const COMMAND_LIFETIME_MS = 24 * 60 * 60 * 1000;

export class Store {
  #prefix;
  /** @type {StorageArea} */
  #area;
  #tabArea;
  /** @type {string | null} */
  #token = null;

  /**
   * @param {string} tenant
   * @param {{ area?: StorageArea, tabArea?: StorageArea }} areas
   */
  constructor(tenant, { area = openBrowserArea("localStorage"), tabArea = openBrowserArea("sessionStorage") } = {}) {
    this.#prefix = getPrefix(tenant);
    this.#area = area;
    this.#tabArea = tabArea;
  }

  /** Also where the storage is cleared while the page is open: the conversation on it goes on. */
  get token() {
    return this.#area.getItem(`${this.#prefix}session`) ?? this.#token;
  }

  set token(token) {
    this.#token = token;
    if (token) this.#write("session", token);
    else this.#area.removeItem(`${this.#prefix}session`);
  }

  /** Highest `seq` that the visitor has seen; later frames are counted at the launcher. */
  get lastSeq() {
    return Number(this.#area.getItem(`${this.#prefix}last_seq`)) || 0;
  }

  set lastSeq(seq) {
    this.#write("last_seq", String(seq));
  }

  /** Highest `seq` that the page was told of by events; in what a release before has stored, the seen ones. */
  get reportedSeq() {
    return Number(this.#area.getItem(`${this.#prefix}reported_seq`) ?? this.lastSeq) || 0;
  }

  set reportedSeq(seq) {
    this.#write("reported_seq", String(seq));
  }

  /**
   * How to reach the business, as the last welcome said: it is needed when none comes.
   *
   * @returns {Contact}
   */
  get contact() {
    return parseJson(this.#area.getItem(`${this.#prefix}contact`)) ?? {};
  }

  set contact(contact) {
    this.#write("contact", JSON.stringify(contact));
  }

  /**
   * The business's own language, for a page in none of ours (`findTenantLanguage`).
   *
   * @param {string} locale
   */
  keepLocale(locale) {
    this.#write("locale", locale);
  }

  /**
   * Forget everything of a session that the visitor has ended. The first tab clears what all of them share: a later
   * one must not clear the conversation that has begun since. The mark tells tabs that are not connected.
   *
   * @param {string} sessionId
   */
  forget(sessionId) {
    this.#token = null;
    const mark = `${this.#prefix}ended`;
    if (this.#area.getItem(mark) !== sessionId) {
      this.#clear(this.#area);
      this.#write("ended", sessionId);
    }
    this.#clear(this.#tabArea);
  }

  /**
   * Whether an event of the browser's storage says that another tab has ended this session.
   *
   * @param {Pick<StorageEvent, "key" | "newValue">} event
   * @param {string | null} sessionId
   */
  isEnded({ key, newValue }, sessionId) {
    return key === `${this.#prefix}ended` && newValue !== null && newValue === sessionId;
  }

  /** @param {StorageArea} area */
  #clear(area) {
    for (const key of listKeys(area)) if (key.startsWith(this.#prefix)) area.removeItem(key);
  }

  /** Whether the panel stood open in this tab. */
  get open() {
    return this.#tabArea.getItem(`${this.#prefix}open`) === "yes";
  }

  set open(open) {
    this.#writeToTab("open", open ? "yes" : "no");
  }

  /**
   * What the visitor has begun to write in this tab, by the name of its field or form; an empty text where nothing is.
   *
   * @param {string} name
   */
  findDraft(name) {
    return this.#tabArea.getItem(`${this.#prefix}draft/${name}`) ?? "";
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  keepDraft(name, text) {
    if (text) this.#writeToTab(`draft/${name}`, text);
    else this.#tabArea.removeItem(`${this.#prefix}draft/${name}`);
  }

  /**
   * What the business offers (names, time zone), so that cards read well before it is asked again.
   *
   * @param {string} locale
   * @returns {Offer | null}
   */
  findOffer(locale) {
    return parseJson(this.#area.getItem(`${this.#prefix}offer/${locale}`));
  }

  /**
   * @param {string} locale
   * @param {Offer} offer
   */
  keepOffer(locale, offer) {
    this.#write(`offer/${locale}`, JSON.stringify(offer));
  }

  /** @param {CommandFrame} frame */
  keepCommand(frame) {
    this.#write(`out/${frame.id}`, JSON.stringify({ at: Date.now(), frame }));
  }

  /** @param {string} id */
  dropCommand(id) {
    this.#area.removeItem(`${this.#prefix}out/${id}`);
  }

  /**
   * Every kept command, oldest first; those older than a day are dropped, nobody waits for them any more.
   *
   * @returns {CommandFrame[]}
   */
  commands() {
    const kept = [];
    for (const key of listKeys(this.#area)) {
      if (!key.startsWith(`${this.#prefix}out/`)) continue;
      const entry = parseJson(this.#area.getItem(key));
      if (entry?.frame?.id && Date.now() - entry.at < COMMAND_LIFETIME_MS) kept.push(entry);
      else this.#area.removeItem(key);
    }
    return kept.sort((a, b) => a.at - b.at).map((entry) => entry.frame);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #writeToTab(name, value) {
    try {
      this.#tabArea.setItem(this.#prefix + name, value);
    } catch {
      // Only comfort is lost.
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #write(name, value) {
    try {
      this.#area.setItem(this.#prefix + name, value);
    } catch {
      // Full or closed: go on in memory, with what could be read until now.
      this.#area = copyToMemory(this.#area);
      this.#area.setItem(this.#prefix + name, value);
    }
  }
}

/** A `Storage` look-alike that forgets with the page. */
export class MemoryArea {
  /** @type {Map<string, string>} */
  #entries = new Map();

  get length() {
    return this.#entries.size;
  }

  /** @param {number} index */
  key(index) {
    return [...this.#entries.keys()][index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#entries.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#entries.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#entries.delete(key);
  }
}

/**
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {StorageArea}
 */
function openBrowserArea(name) {
  try {
    const area = globalThis[name];
    area.setItem("stride-chat/probe", "1");
    area.removeItem("stride-chat/probe");
    return area;
  } catch {
    return new MemoryArea();
  }
}

/** @param {StorageArea} area */
function listKeys(area) {
  return Array.from({ length: area.length }, (_, index) => area.key(index)).filter((key) => key !== null);
}

/** @param {StorageArea} area */
function copyToMemory(area) {
  const memory = new MemoryArea();
  for (const key of listKeys(area)) memory.setItem(key, area.getItem(key) ?? "");
  return memory;
}

/** @param {string | null} text */
function parseJson(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
