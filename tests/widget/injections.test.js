import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { renderMarkdown } from "../../widget/markdown.js";
import "../../widget/markdown-further.js";
import { container, html, installDocument } from "./fake_document.js";

installDocument();

const ATTEMPTS = readFileSync(new URL("../../evals/injections/attempts.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const ELEMENTS = new Set([
  "p",
  "br",
  "strong",
  "em",
  "code",
  "pre",
  "a",
  "ul",
  "ol",
  "li",
  "hr",
  "blockquote",
  "bdi",
  "s",
]);
const ADDRESS = /^(?:https?:|mailto:|tel:)/;

/** @param {string} text What the model was ordered to say. */
function decode(text) {
  return text.replace(/\\x([0-9a-f]{2})|\\u([0-9a-f]{4})/gi, (_, short, long) =>
    String.fromCharCode(Number.parseInt(short ?? long, 16)),
  );
}

/** @param {{ text: string }} attempt */
function rendered(attempt) {
  const log = container();
  renderMarkdown(log, decode(attempt.text.split(/exactly(?: \d+ times)?: /i).at(-1) ?? ""));
  return html(log);
}

test("no answer becomes an element that runs, loads or sends something", () => {
  const attempts = ATTEMPTS.filter(({ kind }) => ["markup", "link", "frame", "control", "bidi"].includes(kind));
  assert.ok(attempts.length > 30);
  for (const attempt of attempts) {
    const markup = rendered(attempt);
    for (const [, name = "", attributes = ""] of markup.matchAll(/<(\w+)([^>]*)>/g)) {
      assert.ok(ELEMENTS.has(name), `${attempt.id}: <${name}>`);
      assert.doesNotMatch(attributes, /\son\w+=|srcdoc|style=/i, attempt.id);
    }
    for (const [, address = ""] of markup.matchAll(/(?:href|src)="([^"]*)"/g)) {
      assert.match(address, ADDRESS, attempt.id);
    }
  }
});
