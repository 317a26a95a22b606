/**
 * Shows the Markdown that assistants write (paragraphs, lists, quotes, tables, code, bold, italics, links) as DOM nodes.
 *
 * What the wire says becomes text nodes and a handful of element kinds; it is never parsed as HTML.
 */

import { h } from "./dom.js";
import { splitBlocks } from "./markdown-blocks.js";
import { indexKnownLinks, renderMarks } from "./markdown-marks.js";

/** @import { KnownLink } from "./types.d.ts" */
/** @import { Block } from "./markdown-blocks.js" */
/** @import { Scope } from "./markdown-marks.js" */

/** Bold texts, links and the like in one text; further ones are shown as they are written. */
const MAX_MARKS = 600;

/** What each shown block was built from, and how many marks it has. @type {WeakMap<Element, [string, number]>} */
const SOURCES = new WeakMap();

/**
 * Make `container` show `text`. Blocks whose source did not change keep their nodes: while an answer grows, only its
 * last block is built anew, and a visitor's selection in the others stays. `links` are the texts without a scheme of
 * which the server wants links to be made.
 *
 * @param {HTMLElement} container
 * @param {string} text
 * @param {{ growing?: boolean, links?: KnownLink[] }} options
 */
export function renderMarkdown(container, text, { growing = false, links = [] } = {}) {
  const scope = { left: MAX_MARKS, known: indexKnownLinks(links) };
  const blocks = splitBlocks(text, { growing });
  for (const [index, block] of blocks.entries()) {
    const existing = container.children[index];
    const source = block.kind + block.source;
    const [before, marks] = (existing && SOURCES.get(existing)) ?? [];
    if (before === source) {
      scope.left -= marks ?? 0;
      continue;
    }
    const { left } = scope;
    const node = buildBlock(block, scope);
    SOURCES.set(node, [source, left - scope.left]);
    if (existing) existing.replaceWith(node);
    else container.append(node);
  }
  while (container.children.length > blocks.length) container.lastElementChild?.remove();
}

/**
 * @param {Block} block
 * @param {Scope} scope
 * @returns {HTMLElement}
 */
function buildBlock({ kind, text, blocks, items, rows, start, ends }, scope) {
  const build = (/** @type {Block} */ each) => buildBlock(each, scope);
  switch (kind) {
    case "ul":
    case "ol":
      return h(
        kind,
        { start: start === 1 ? null : start },
        items.map((item) =>
          h(
            "li",
            {},
            item.flatMap((each, index) =>
              index === 0 && each.kind === "p" ? renderMarks(each.text, scope) : [build(each)],
            ),
          ),
        ),
      );
    case "table":
      return h(
        "div",
        { class: "wide", tabindex: "0" },
        h(
          "table",
          {},
          rows.map((row, index) =>
            h(
              "tr",
              {},
              row.map((cell, column) =>
                h(
                  index === 0 ? "th" : "td",
                  { "data-end": ends[column] ?? false, scope: index === 0 ? "col" : null },
                  renderMarks(cell, scope),
                ),
              ),
            ),
          ),
        ),
      );
    case "pre":
      return h("pre", { class: "wide", tabindex: "0" }, h("code", {}, text));
    case "plain":
      return h("p", {}, text);
    case "h":
      return h("p", { class: "heading" }, h("strong", {}, renderMarks(text, scope)));
    case "blockquote":
      return h(kind, {}, blocks.map(build));
    default:
      return h(kind, {}, renderMarks(text, scope));
  }
}

export { sanitizeAddress } from "./addresses.js";
