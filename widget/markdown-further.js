/**
 * The blocks of Markdown that few answers have: quotes, tables, code, headings and rules. Loaded when a text may have one.
 */

import { h } from "./dom.js";
import { addBlocks } from "./markdown.js";
import { findEnd, isRule, parse } from "./markdown-blocks.js";
import { renderMarks } from "./markdown-marks.js";

/** @import { Content, Reader } from "./markdown-blocks.js" */
/** @import { Builder } from "./markdown.js" */

const MAX_COLUMNS = 20;
const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;
const HEADING = /^ {0,3}#{1,6} +(.*)$/;
const QUOTE = /^ {0,3}> ?/;

/** @type {Reader[]} */
const READERS = [
  [(lines, at) => FENCE.test(lines[at] ?? ""), false, readCode],
  [
    (lines, at) => HEADING.test(lines[at] ?? ""),
    false,
    (lines, at) => {
      const text = HEADING.exec(lines[at] ?? "")?.[1] ?? "";
      return [at + 1, { kind: "h", text: text.trim().replace(/(?:^| )#+$/, "") }];
    },
  ],
  [(lines, at) => isRule(lines[at] ?? ""), false, (_, at) => [at + 1, { kind: "hr" }]],
  [
    (lines, at) => QUOTE.test(lines[at] ?? ""),
    true,
    (lines, at, depth) => {
      const end = findEnd(lines, at, (line) => QUOTE.test(line));
      const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
      return [end, { kind: "blockquote", blocks: parse(inner, depth + 1) }];
    },
  ],
  [isTable, false, readTable],
];

/** @type {Builder} */
function build({ kind, text, blocks, rows, ends }, scope, buildInner) {
  switch (kind) {
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
    case "h":
      return h("p", { class: "heading" }, h("strong", {}, renderMarks(text, scope)));
    case "hr":
      return h("hr");
    case "blockquote":
      return h(kind, {}, blocks.map(buildInner));
    default:
      return undefined;
  }
}

/**
 * The last row of what is no table yet: its next line decides.
 *
 * @param {string[]} lines
 */
function countUndecided(lines) {
  let first = lines.length;
  while (isRow(lines[first - 1])) first -= 1;
  return first < lines.length && !isTable(lines, first) ? 1 : 0;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {[number, Content]}
 */
function readCode(lines, at) {
  const fence = FENCE.exec(lines[at] ?? "")?.[1] ?? "";
  const end = findEnd(lines, at + 1, (line) => !isFenceEnd(line, fence));
  return [Math.min(end + 1, lines.length), { kind: "pre", text: lines.slice(at + 1, end).join("\n") }];
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {[number, Content]}
 */
function readTable(lines, at) {
  const end = findEnd(lines, at, isRow);
  const [head = [], delimiter = [], ...body] = lines.slice(at, end).map(splitCells);
  const rows = [head, ...body.map((row) => head.map((_, column) => row[column] ?? ""))];
  return [end, { kind: "table", rows, ends: delimiter.map((cell) => cell.endsWith(":")) }];
}

/**
 * @param {string} line
 * @param {string} fence
 */
function isFenceEnd(line, fence) {
  const mark = line.trim();
  return mark.startsWith(fence) && mark === (fence[0] ?? "").repeat(mark.length);
}

/**
 * Whether a table begins in this line: the next one says how its columns are aligned.
 *
 * @param {string[]} lines
 * @param {number} at
 */
function isTable(lines, at) {
  const [head = "", delimiter = ""] = [lines[at], lines[at + 1]];
  if (!isRow(head) || !isRow(delimiter) || !/^[\s|:-]+$/.test(delimiter)) return false;
  const columns = splitCells(delimiter);
  return (
    columns.length <= MAX_COLUMNS &&
    columns.every((cell) => /^:?-+:?$/.test(cell)) &&
    columns.length === splitCells(head).length
  );
}

/**
 * Whether a line is one of a table. It has to begin with a bar: another one would be shown before its bar comes.
 *
 * @param {string} [line]
 */
function isRow(line) {
  return line?.trimStart().startsWith("|") ?? false;
}

/** @param {string} line */
function splitCells(line) {
  return line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll(String.raw`\|`, "|"));
}

addBlocks(build, READERS, countUndecided);

export { furtherBlocksCss } from "./styles/further-blocks.js";
