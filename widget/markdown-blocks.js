/**
 * Splits Markdown into blocks. Pure; its time grows with the length of the text, whatever that contains.
 */

/**
 * `text` of a paragraph, a heading or code; `blocks` of a quote; `items` of a list, each with the blocks of its point;
 * `rows` of a table, the first of which is its head, and `ends`: whether a column is aligned to the end of the line.
 * `source` is what the block was read from.
 *
 * @typedef {{
 *   kind: "p" | "plain" | "h" | "pre" | "hr" | "blockquote" | "ul" | "ol" | "table", source: string,
 *   text: string, blocks: Block[], items: Block[][], rows: string[][], start: number | null, ends: boolean[],
 * }} Block
 */

/** Quotes and lists that are nested deeper are shown as they are written. */
const MAX_DEPTH = 5;
/** Blocks, points and cells of a text: so no text takes long to lay out. */
const MAX_ELEMENTS = 500;
/** What is behind the last of them goes on in one line. */
const MAX_LINES = 1_000;

const POINT = /^( *)(?:[-*+•]|(\d{1,3})[.)])(?: +|$)/;
const RULE = /^([-*_])\1{2,}$/;
/** A line that may begin another block than a paragraph. */
const CANDIDATE = /^ *[-#>\d`~*+•_|]/;
const UNDECIDED = /^[\s>]*(?:[`~|:\s*+•-]*|#{1,6}|\d{1,3}[.)]?)$/;

/**
 * Return the blocks of a text. Of one that still grows, the lines at its end are left out while they may turn out to
 * be the beginning of a block of another kind. What would need too many elements is the last block, of plain text.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function splitBlocks(text, { growing = false, maxElements = MAX_ELEMENTS } = {}) {
  const lines = text.replaceAll("\r", "").replaceAll("\t", "    ").split("\n");
  lines.push(...(lines.length > MAX_LINES ? [lines.splice(MAX_LINES).join(" ")] : []));
  if (growing) dropUndecided(lines);
  /** @type {Block[]} */
  const blocks = [];
  let left = maxElements;
  for (let at = 0; at < lines.length;) {
    const [end, block] = readBlock(lines, at, 0);
    if (block) left -= countElements(block);
    if (left < 0) {
      const rest = lines.slice(at).join("\n");
      return [...blocks, { ...EMPTY, kind: "plain", text: rest, source: rest }];
    }
    if (block) blocks.push(block);
    at = end;
  }
  return blocks;
}

/**
 * @param {Block} block
 * @returns {number}
 */
function countElements({ kind, blocks, items, rows }) {
  if (kind === "pre") return 3; // It scrolls by itself, which costs as much as several others.
  const inner = [...blocks, ...items.flat()].map(countElements);
  return inner.reduce((sum, each) => sum + each, 1 + items.length + rows.length + rows.flat().length);
}

/** @param {string[]} lines */
function dropUndecided(lines) {
  const last = lines.pop() ?? "";
  if (last.trim() && !UNDECIDED.test(last)) lines.push(last);
  lines.length -= countUndecided(lines);
}

/**
 * Read what begins in a line; no block if the line is blank.
 *
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {[end: number, Block | null]}
 */
function readBlock(lines, at, depth) {
  const reader = READERS.find(([starts, isNested]) => starts(lines, at) && (depth < MAX_DEPTH || !isNested));
  if (!reader) return [at + 1, null];
  const [end, content] = reader[2](lines, at, depth);
  return [end, { ...EMPTY, ...content, source: lines.slice(at, end).join("\n") }];
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
export function parse(lines, depth) {
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    const [end, block] = readBlock(lines, at, depth);
    if (block) blocks.push(block);
    at = end;
  }
  return blocks;
}

/** @type {Omit<Block, "kind" | "source">} */
const EMPTY = { text: "", blocks: [], items: [], rows: [], start: null, ends: [] };

/**
 * Of each kind of block: whether one begins in a line, whether it has blocks in it, and what reads it, which returns
 * the line after it and what is in it. The first one that fits is taken.
 *
 * @typedef {Partial<Block> & Pick<Block, "kind">} Content
 * @typedef {[
 *   starts: (lines: string[], at: number) => boolean,
 *   isNested: boolean,
 *   read: (lines: string[], at: number, depth: number) => [end: number, Content],
 * ]} Reader
 * @type {Reader[]}
 */
const READERS = [
  [(lines, at) => POINT.test(lines[at] ?? "") && !isRule(lines[at] ?? ""), true, readList],
  [(lines, at) => lines[at]?.trim() !== "", false, readParagraph],
];

/** How many lines at the end of a text that grows are held back. @type {(lines: string[]) => number} */
let countUndecided = () => 0;

/**
 * Read further kinds of blocks from now on, before lists and paragraphs.
 *
 * @param {Reader[]} readers
 * @param {(lines: string[]) => number} undecided How many lines at the end may turn out to be the beginning of one.
 */
export function addReaders(readers, undecided) {
  READERS.unshift(...readers);
  countUndecided = undecided;
}

/**
 * @param {string[]} lines
 * @param {number} at
 */
function startsBlock(lines, at) {
  // The last reader is that of paragraphs.
  return CANDIDATE.test(lines[at] ?? "") && READERS.findIndex(([starts]) => starts(lines, at)) < READERS.length - 1;
}

/**
 * @param {string[]} lines
 * @param {number} from
 * @param {(line: string) => boolean} goesOn
 */
export function findEnd(lines, from, goesOn) {
  let at = from;
  while (at < lines.length && goesOn(lines[at] ?? "")) at += 1;
  return at;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {[number, Content]}
 */
function readParagraph(lines, at) {
  let end = at + 1;
  while (lines[end]?.trim() && !startsBlock(lines, end)) end += 1;
  const text = lines.slice(at, end).map((line) => line.trim());
  return [end, { kind: "p", text: text.join("\n") }];
}

/**
 * Lines that are indented belong to the point before them, also after a blank line, and so does the line that follows
 * a point at once.
 *
 * @param {string[]} lines
 * @param {number} from
 * @param {number} depth
 * @returns {[number, Content]}
 */
function readList(lines, from, depth) {
  const [, { length: indent } = "", number] = POINT.exec(lines[from] ?? "") ?? [];
  /** @type {string[][]} */
  const items = [];
  let taken = 0;
  let at = from;
  while (at < lines.length) {
    const next = findEnd(lines, at, (line) => !line.trim());
    const line = lines[next] ?? "";
    const item = items.at(-1);
    const width = measureIndent(line);
    if (item && width >= indent + 2) {
      taken ||= width;
      item.push(...(next > at ? [""] : []), line.slice(Math.min(taken, width)));
    } else if (isSameList(line, number)) {
      items.push([line.replace(POINT, "")]);
      taken = 0;
    } else if (next === at && item && !startsBlock(lines, at)) item.push(line);
    else break;
    at = next + 1;
  }
  const points = items.map((item) => parse(item, depth + 1));
  return [at, number ? { kind: "ol", items: points, start: Number(number) } : { kind: "ul", items: points }];
}

/**
 * @param {string} line
 * @param {string | undefined} number Of the first point of the list.
 */
function isSameList(line, number) {
  const point = POINT.exec(line);
  return point !== null && (point[2] === undefined) === (number === undefined) && !isRule(line);
}

/** @param {string} line */
function measureIndent(line) {
  return line.length - line.trimStart().length;
}

/** @param {string} line */
export function isRule(line) {
  return RULE.test(line.replaceAll(" ", ""));
}
