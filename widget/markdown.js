/**
 * Shows the Markdown that assistants write (paragraphs, lists, bold, italics, code, links) as DOM nodes. What fewer answers
 * have (quotes, tables, blocks of code, headings) is added by `markdown-further.js`.
 *
 * What the wire says becomes text nodes and a handful of element kinds; it is never parsed as HTML.
 */

import { h } from "./dom.js";
import { addReaders, splitBlocks } from "./markdown-blocks.js";
import { indexKnownLinks, renderMarks } from "./markdown-marks.js";

/** @import { KnownLink } from "./types.d.ts" */
/** @import { Block } from "./markdown-blocks.js" */
/** @import { Scope } from "./markdown-marks.js" */

/** A line that begins a quote, a table, code, a heading or a rule. */
const FURTHER = /^[ \-*+•\d.)]*(?:[>|#]|```|~~~|([-*_]) *(?:\1 *){2,}$)/m;
/** Bold texts, links and the like in one text; further ones are shown as they are written. */
const MAX_MARKS = 600;

/**
 * Builds what few answers have: quotes, tables, code, headings and rules.
 *
 * @typedef {(block: Block, scope: Scope, build: (block: Block) => HTMLElement) => HTMLElement | undefined} Builder
 * @type {Builder | null}
 */
let buildFurther = null;

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
 * Show further kinds of blocks from now on (`markdown-further.js`).
 *
 * @param {Builder} build
 * @param {Parameters<typeof addReaders>} readers
 */
export function addBlocks(build, ...readers) {
  if (buildFurther) return;
  buildFurther = build;
  addReaders(...readers);
}

/** Whether there may be blocks in a text that are shown as they are written until `markdown-further.js` is loaded. */
export const hasFurtherBlocks = (/** @type {string} */ text) => FURTHER.test(text);

/**
 * @param {Block} block
 * @param {Scope} scope
 * @returns {HTMLElement}
 */
function buildBlock(block, scope) {
  const { kind, text, items, start } = block;
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
    case "plain":
      return h("p", {}, text);
    default:
      return buildFurther?.(block, scope, build) ?? h("p", {}, renderMarks(text, scope));
  }
}

export { sanitizeAddress } from "./addresses.js";
