/**
 * Shows the little Markdown that assistants write (paragraphs, lists, bold, italics, code, links) as DOM nodes.
 *
 * What the wire says becomes text nodes and a handful of element kinds; it is never parsed as HTML.
 */

import { h } from "./dom.js";

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const BULLET = /^\s{0,3}[-*•]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,3})[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const INLINE =
  /`([^`\n]+)`|\*\*(?=\S)(.+?)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]+)\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_\n]+)_(?![\w_])|\[([^\]\n]{1,200})\]\(([^()\s]{1,500}(?:\([^()\s]*\))?)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?*])/;

/**
 * Make `container` show `text`. Blocks whose source did not change keep their nodes: while an answer streams,
 * only its last block is built anew, and a visitor's selection in the others stays.
 */
export function renderMarkdown(container, text) {
  const blocks = splitBlocks(text);
  blocks.forEach((block, index) => {
    const existing = container.children[index];
    const source = JSON.stringify(block);
    if (existing?.blockSource === source) return;
    const node = buildBlock(block);
    node.blockSource = source;
    if (existing) existing.replaceWith(node);
    else container.append(node);
  });
  while (container.children.length > blocks.length) container.lastElementChild.remove();
}

function splitBlocks(text) {
  const blocks = [];
  let open = null;
  const start = (kind, extra = {}) => {
    if (open?.kind !== kind) blocks.push((open = { kind, lines: [], ...extra }));
    return open.lines;
  };
  for (const line of text.replaceAll("\r", "").split("\n")) {
    const heading = HEADING.exec(line);
    const bullet = BULLET.exec(line);
    const number = NUMBER.exec(line);
    if (!line.trim()) open = open?.list || isList(open) ? { kind: "blank", list: open.list ?? open } : null;
    else if (heading) {
      open = null;
      start("h").push(heading[1]);
      open = null;
    } else if (bullet) resume("ul", start).push(bullet[1]);
    else if (number) resume("ol", start, { from: Number(number[1]) }).push(number[2]);
    else if (isList(open)) open.lines.push(`${open.lines.pop()}\n${line.trim()}`);
    else start("p").push(line.trim());
  }
  return blocks;

  /** A blank line between two points of a list does not end the list. */
  function resume(kind, begin, extra) {
    if (open?.list?.kind === kind) open = open.list;
    return begin(kind, extra);
  }
}

function isList(block) {
  return block?.kind === "ul" || block?.kind === "ol";
}

function buildBlock({ kind, lines, from }) {
  if (kind === "ul")
    return h(
      "ul",
      {},
      lines.map((line) => h("li", {}, inline(line))),
    );
  if (kind === "ol")
    return h(
      "ol",
      { start: from === 1 ? null : from },
      lines.map((line) => h("li", {}, inline(line))),
    );
  if (kind === "h") return h("p", { class: "heading" }, h("strong", {}, inline(lines[0])));
  return h("p", {}, inline(lines.join("\n")));
}

/** Return the nodes of one run of text; depth keeps marks inside marks from going on for ever. */
function inline(text, depth = 0) {
  const nodes = [];
  let rest = text;
  for (let match; depth < 4 && (match = INLINE.exec(rest)); rest = rest.slice(match.index + match[0].length)) {
    nodes.push(...plain(rest.slice(0, match.index)), mark(match, depth + 1));
  }
  return [...nodes, ...plain(rest)];
}

function mark([whole, code, bold, star, underscore, label, target, bare], depth) {
  if (code !== undefined) return h("code", {}, code);
  if (bold !== undefined) return h("strong", {}, inline(bold, depth));
  if (star !== undefined || underscore !== undefined) return h("em", {}, inline(star ?? underscore, depth));
  const address = safeAddress(target ?? bare);
  if (!address) return document.createTextNode(whole);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label ?? bare);
}

function plain(text) {
  return text
    .split("\n")
    .flatMap((line, index) => (index ? [h("br"), line] : [line]))
    .filter((node) => node !== "");
}

/** Return the address if a visitor may be led there, else null: `javascript:` and its kin stay text. */
export function safeAddress(target) {
  try {
    const url = new URL(target);
    return SAFE_SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
