/**
 * Shows the little Markdown that assistants write (paragraphs, lists, bold, italics, code, links) as DOM nodes.
 *
 * What the wire says becomes text nodes and a handful of element kinds; it is never parsed as HTML.
 */

import { h } from "./dom.js";

/** @typedef {{ kind: "ul" | "ol" | "h" | "p", lines: string[], from?: number }} Block */

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const BULLET = /^\s{0,3}[-*•]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,3})[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const INLINE =
  /`([^`\n]+)`|\*\*(?=\S)(.+?)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]+)\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_\n]+)_(?![\w_])|\[([^\]\n]{1,200})\]\(([^()\s]{1,500}(?:\([^()\s]*\))?)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?*])/;

/** What each shown block was built from. @type {WeakMap<Element, string>} */
const SOURCES = new WeakMap();

/**
 * Make `container` show `text`. Blocks whose source did not change keep their nodes: while an answer streams,
 * only its last block is built anew, and a visitor's selection in the others stays.
 *
 * @param {HTMLElement} container
 * @param {string} text
 */
export function renderMarkdown(container, text) {
  const blocks = splitBlocks(text);
  blocks.forEach((block, index) => {
    const existing = container.children[index];
    const source = JSON.stringify(block);
    if (existing && SOURCES.get(existing) === source) return;
    const node = buildBlock(block);
    SOURCES.set(node, source);
    if (existing) existing.replaceWith(node);
    else container.append(node);
  });
  while (container.children.length > blocks.length) container.lastElementChild?.remove();
}

/** @param {string} text */
function splitBlocks(text) {
  /** @type {Block[]} */
  const blocks = [];
  /**
   * `open` takes the next line; `paused` is a list that a blank line has interrupted, and that another point of its
   * kind goes on with.
   *
   * @type {{ open: Block | null, paused: Block | null }}
   */
  const at = { open: null, paused: null };
  /** @param {Block} block */
  const start = (block) => {
    if (at.paused?.kind === block.kind) at.open = at.paused;
    at.paused = null;
    if (at.open?.kind === block.kind) return at.open.lines;
    at.open = block;
    blocks.push(block);
    return block.lines;
  };
  for (const line of text.replaceAll("\r", "").split("\n")) {
    const heading = HEADING.exec(line);
    const bullet = BULLET.exec(line);
    const number = NUMBER.exec(line);
    if (!line.trim()) {
      at.paused = isList(at.open) ? at.open : at.paused;
      at.open = null;
    } else if (heading) {
      at.open = null;
      start({ kind: "h", lines: [] }).push(heading[1] ?? "");
      at.open = null;
    } else if (bullet) start({ kind: "ul", lines: [] }).push(bullet[1] ?? "");
    else if (number) start({ kind: "ol", lines: [], from: Number(number[1]) }).push(number[2] ?? "");
    else if (isList(at.open)) at.open.lines.push(`${at.open.lines.pop()}\n${line.trim()}`);
    else start({ kind: "p", lines: [] }).push(line.trim());
  }
  return blocks;
}

/**
 * @param {Block | null} block
 * @returns {block is Block}
 */
function isList(block) {
  return block?.kind === "ul" || block?.kind === "ol";
}

/** @param {Block} block */
function buildBlock({ kind, lines, from }) {
  if (kind === "ul") {
    return h(
      "ul",
      {},
      lines.map((line) => h("li", {}, renderInline(line))),
    );
  }
  if (kind === "ol") {
    return h(
      "ol",
      { start: from === 1 ? null : from },
      lines.map((line) => h("li", {}, renderInline(line))),
    );
  }
  if (kind === "h") return h("p", { class: "heading" }, h("strong", {}, renderInline(lines.join(""))));
  return h("p", {}, renderInline(lines.join("\n")));
}

/**
 * Return the nodes of one run of text. Marks nest four deep at most, as none matches inside one of its own kind.
 *
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function renderInline(text) {
  const nodes = [];
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    nodes.push(...renderPlain(rest.slice(0, match.index)), renderMark(match));
    rest = rest.slice(match.index + match[0].length);
  }
  return [...nodes, ...renderPlain(rest)];
}

/** @param {RegExpExecArray} match */
function renderMark([whole, code, bold, star, underscore, label, target, bare]) {
  if (code !== undefined) return h("code", {}, code);
  if (bold !== undefined) return h("strong", {}, renderInline(bold));
  if (star !== undefined || underscore !== undefined) return h("em", {}, renderInline(star ?? underscore ?? ""));
  const address = sanitizeAddress(target ?? bare ?? "");
  if (!address) return document.createTextNode(whole);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label ?? bare);
}

/** @param {string} text */
function renderPlain(text) {
  return text
    .split("\n")
    .flatMap((line, index) => (index ? [h("br"), line] : [line]))
    .filter((node) => node !== "");
}

/**
 * Return the address if a visitor may be led there, else null: `javascript:` and its kin stay text.
 *
 * @param {string} target
 */
export function sanitizeAddress(target) {
  try {
    const url = new URL(target);
    return SAFE_SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
