/**
 * Shows one run of Markdown as nodes: bold, italics, struck text, code and links. Its time grows with the length of
 * the text, whatever that contains: nothing is searched for twice, and marks nest no deeper than there are kinds.
 */

import { findHiddenTarget, sanitizeAddress } from "./addresses.js";
import { h } from "./dom.js";

/** @import { KnownLink } from "./types.d.ts" */

/**
 * How many marks one text may still have, and the links that the server has named in it.
 *
 * @typedef {{ left: number, known: ReturnType<typeof indexKnownLinks> }} Scope
 */

/** @typedef {Node | string} Piece */
/** @typedef {{ mark: string, pieces: Piece[] }} Open */

const TOKEN =
  /\\([!-/:-@[-`{-~])|(`{1,3}(?!`))|(\*{1,3}(?!\*)|_{1,2}(?!_)|~~)|!?\[([^[\]\n]{1,200})\]\(([^()\s]{1,500}(?:\([^()\s]{0,500}\))?)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?*])/g;
const MARKED = /[\\`*_~[]|:\/\//;
const WORD = /[\p{L}\p{N}_]/u;
/** @type {Record<string, "strong" | "em" | "s">} */
const TAGS = { "**": "strong", __: "strong", "*": "em", _: "em", "~~": "s" };

/**
 * Return the nodes of a text, of which no mark reaches over the end of a line.
 *
 * @param {string} text
 * @param {Scope} scope
 * @returns {Piece[]}
 */
export function renderMarks(text, scope) {
  if (!MARKED.test(text)) return linkKnown([text], scope, true);
  return text.split("\n").flatMap((line, index) => [...(index ? ["\n"] : []), ...renderLine(line, scope, true)]);
}

/**
 * Return what finds the links that the server has named, or null if there is none.
 *
 * @param {KnownLink[]} links
 */
export function indexKnownLinks(links) {
  if (links.length === 0) return null;
  const texts = links.map(({ text }) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  const addresses = new Map(links.map(({ text, href }) => [text, sanitizeAddress(href)]));
  texts.sort((a, b) => b.length - a.length);
  return { addresses, pattern: new RegExp(`(?<![\\p{L}\\p{N}@_-])(${texts.join("|")})(?![\\p{L}\\p{N}@_-])`, "u") };
}

/**
 * @param {string} line
 * @param {Scope} scope
 * @param {boolean} hasLinks
 */
function renderLine(line, scope, hasLinks) {
  /** @type {Open} */
  const root = { mark: "", pieces: [] };
  /** Marks that are open, the innermost last; each kind once. */
  const open = [root];
  const inner = () => open.at(-1) ?? root;
  const add = (/** @type {Piece[]} */ ...pieces) => inner().pieces.push(...pieces);
  const giveUp = () => {
    const { mark, pieces } = open.pop() ?? root;
    add(mark, ...pieces);
  };
  let at = 0;

  /** @param {string} run */
  const readCode = (run) => {
    const end = findRun(line, run, at); // Of each length, only the last run of a line is looked for in vain.
    if (end === -1) {
      add(run);
      return;
    }
    add(element("code", [line.slice(at, end)], scope));
    at = end + run.length;
  };

  /**
   * @param {string} run
   * @param {string} before
   * @param {string} after
   */
  const readMark = (run, before, after) => {
    const isLoose = run.length > 1; // One star or underscore inside a word is no mark.
    let rest = run;
    const canEnd = before.trim() !== "" && (isLoose || !WORD.test(after));
    for (let ends = canEnd && findOpen(open, rest); ends; ends = findOpen(open, rest)) {
      while (inner() !== ends) giveUp();
      open.pop();
      add(element(TAGS[ends.mark] ?? "em", linkKnown(ends.pieces, scope, hasLinks), scope));
      rest = rest.slice(ends.mark.length);
    }
    const marks = rest.length > 2 ? [rest.slice(0, 2), rest.slice(2)] : [rest];
    const isFree = marks.every((mark) => !open.some((each) => each.mark === mark));
    if (rest && after.trim() && (isLoose || !WORD.test(before)) && isFree) {
      for (const mark of marks) open.push({ mark, pieces: [] });
    } else add(rest);
  };

  for (const match of line.matchAll(TOKEN)) {
    const [whole, escaped, ticks, run, label, target, bare] = match;
    if (match.index < at || scope.left <= 0) continue;
    add(line.slice(at, match.index));
    at = match.index + whole.length;
    if (escaped !== undefined) add(escaped);
    else if (ticks !== undefined) readCode(ticks);
    else if (run !== undefined) readMark(run, line[match.index - 1] ?? "", line[at] ?? "");
    else if (hasLinks) add(...renderLink(whole, label ?? bare ?? "", sanitizeAddress(target ?? bare ?? ""), scope));
    else add(whole);
  }
  add(line.slice(at));
  while (open.length > 1) giveUp();
  return linkKnown(root.pieces, scope, hasLinks);
}

/**
 * Return the innermost mark that a run of stars or underscores ends, if there is one.
 *
 * @param {Open[]} open
 * @param {string} run
 */
function findOpen(open, run) {
  return open.findLast(({ mark, pieces }) => mark && pieces.length > 0 && run.startsWith(mark));
}

/**
 * @param {string} written
 * @param {string} label
 * @param {string | null | undefined} address
 * @param {Scope} scope
 * @returns {Piece[]}
 */
function renderLink(written, label, address, scope) {
  if (!address) return [written];
  const link = element("a", label === written ? [label] : renderLine(label, scope, false), scope);
  for (const [name, value] of [
    ["href", address],
    ["target", "_blank"],
    ["rel", "noopener noreferrer"],
  ]) {
    link.setAttribute(name ?? "", value ?? "");
  }
  const hidden = findHiddenTarget(label, address);
  return hidden === null ? [link] : [link, " ", h("bdi", {}, `(${hidden})`)];
}

/**
 * Join neighbouring texts, and make links of what the server has named.
 *
 * @param {Piece[]} pieces
 * @param {Scope} scope
 * @param {boolean} hasLinks
 */
function linkKnown(pieces, scope, hasLinks) {
  /** @type {Piece[]} */
  const joined = [];
  let text = "";
  const flush = () => {
    const parts = scope.known && hasLinks ? text.split(scope.known.pattern) : [text];
    for (const [index, part] of parts.entries()) {
      if (index % 2 && scope.left > 0) joined.push(...renderLink(part, part, scope.known?.addresses.get(part), scope));
      else if (part) joined.push(part);
    }
    text = "";
  };
  for (const piece of pieces) {
    if (typeof piece === "string") text += piece;
    else {
      flush();
      joined.push(piece);
    }
  }
  flush();
  return joined;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Piece[]} pieces
 * @param {Scope} scope
 */
function element(tag, pieces, scope) {
  scope.left -= 1;
  return h(tag, {}, pieces);
}

/**
 * Return where a run of backticks of the same length begins, or -1.
 *
 * @param {string} line
 * @param {string} run
 * @param {number} from
 */
function findRun(line, run, from) {
  for (let at = line.indexOf(run, from); at !== -1; at = line.indexOf(run, at)) {
    let end = at + run.length;
    while (line[end] === "`") end += 1;
    if (end - at === run.length) return at;
    at = end;
  }
  return -1;
}
