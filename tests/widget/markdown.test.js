import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { renderMarkdown, sanitizeAddress } from "../../widget/markdown.js";
import { container, html, installDocument } from "./fake_document.js";

installDocument();

/** @param {string} text */
function rendered(text) {
  const log = container();
  renderMarkdown(log, text);
  return html(log);
}

const LINK = 'target="_blank" rel="noopener noreferrer"';

test("paragraphs end at blank lines, and lines inside one are broken where they were", () => {
  assert.equal(rendered("One\ntwo\n\nThree"), "<p>One<br></br>two</p><p>Three</p>");
  assert.equal(rendered("One\r\n\r\nTwo"), "<p>One</p><p>Two</p>");
  assert.equal(rendered(""), "");
  assert.equal(rendered("\n \n"), "");
});

test("a heading of any depth is a bold line, and ends what was open", () => {
  assert.equal(
    rendered("Hello\n### Prices ##\n- one"),
    '<p>Hello</p><p class="heading"><strong>Prices</strong></p><ul><li>one</li></ul>',
  );
});

test("lists take bullets of every kind, and a number to begin at", () => {
  assert.equal(rendered("- one\n* two\n• three"), "<ul><li>one</li><li>two</li><li>three</li></ul>");
  assert.equal(rendered("1. one\n2) two"), "<ol><li>one</li><li>two</li></ol>");
  assert.equal(rendered("3. three\n4. four"), '<ol start="3"><li>three</li><li>four</li></ol>');
});

test("a blank line between two points does not end a list; another block does", () => {
  assert.equal(rendered("1. one\n\n2. two"), "<ol><li>one</li><li>two</li></ol>");
  assert.equal(rendered("- one\n\nText\n\n- two"), "<ul><li>one</li></ul><p>Text</p><ul><li>two</li></ul>");
  assert.equal(rendered("- one\n\n1. two"), "<ul><li>one</li></ul><ol><li>two</li></ol>");
});

test("an indented line goes on with its point", () => {
  assert.equal(rendered("- one\n  and more\n- two"), "<ul><li>one<br></br>and more</li><li>two</li></ul>");
});

test("bold, italics and code are marked, also inside each other", () => {
  assert.equal(
    rendered("**bold** *it* _it_ `code`"),
    "<p><strong>bold</strong> <em>it</em> <em>it</em> <code>code</code></p>",
  );
  assert.equal(rendered("**bold *and* more**"), "<p><strong>bold <em>and</em> more</strong></p>");
  assert.equal(rendered("`**not bold**`"), "<p><code>**not bold**</code></p>");
});

test("marks inside words and lone marks stay text", () => {
  for (const text of ["snake_case_name", "2*3*4", "a * b * c", "**", "* ", "`open", "5 _ 6 _ 7"]) {
    assert.doesNotMatch(rendered(text), /<(?:em|strong|code)>/, text);
  }
});

test("links open elsewhere and keep their punctuation", () => {
  assert.equal(
    rendered("See [prices](https://a.example/p_(1)) or https://b.example/x."),
    `<p>See <a href="https://a.example/p_(1)" ${LINK}>prices</a> or <a href="https://b.example/x" ${LINK}>https://b.example/x</a>.</p>`,
  );
});

test("HTML from the wire is text", () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(1)</script>';
  assert.equal(rendered(hostile), `<p>${hostile.replaceAll("<", "&lt;")}</p>`);
  assert.equal(rendered(`**${hostile}**`), `<p><strong>${hostile.replaceAll("<", "&lt;")}</strong></p>`);
  assert.equal(rendered(`- ${hostile}`), `<ul><li>${hostile.replaceAll("<", "&lt;")}</li></ul>`);
});

test("an address that runs code is not linked, however it is written", () => {
  /* eslint-disable no-script-url -- what must not be linked */
  const hostile = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://a.example/1",
    "//a.example",
    "relative/path",
    "",
  ];
  /* eslint-enable no-script-url */
  for (const target of hostile) {
    assert.equal(sanitizeAddress(target), null, target);
    assert.doesNotMatch(rendered(`[Free voucher](${target})`), /<a /, target);
  }
});

test("addresses for mail and telephones are linked", () => {
  assert.equal(sanitizeAddress("mailto:anna@example.com"), "mailto:anna@example.com");
  assert.equal(sanitizeAddress("tel:+48512345678"), "tel:+48512345678");
});

test("a quote in an address does not leave its attribute", () => {
  assert.equal(
    sanitizeAddress('https://a.example/"onmouseover="alert(1)'),
    "https://a.example/%22onmouseover=%22alert(1)",
  );
});

test("links that the server has shown as text stay text, and links to the business itself stay links", () => {
  const examples = JSON.parse(readFileSync(new URL("foreign_links.json", import.meta.url), "utf8"));
  for (const { written, displayed } of examples) {
    for (const [, address] of rendered(displayed).matchAll(/href="([^"]*)"/g)) {
      assert.match(address ?? "", /^https:\/\/salon\.example(?:$|[/?#])/, written);
    }
  }
});

test("marks of every kind nest, and what is left over of unbalanced ones stays text", () => {
  assert.equal(
    rendered("_a **b *c `d` c* b** a_"),
    "<p><em>a <strong>b <em>c <code>d</code> c</em> b</strong> a</em></p>",
  );
  const deep = `${"*a **b ".repeat(200)}x${" b** a*".repeat(200)}`;
  const text = rendered(deep).replaceAll(/<[^>]*>/g, "");
  assert.equal(text.replaceAll("*", ""), deep.replaceAll("*", ""));
});

test("text made to be slow is rendered in time", () => {
  const slow = [
    "*".repeat(4000),
    "_a".repeat(2000),
    "[".repeat(4000),
    "`".repeat(4000),
    `[a](${"(".repeat(4000)}`,
    "**a".repeat(1300),
  ];
  const start = performance.now();
  for (const text of slow) rendered(text);
  assert.ok(performance.now() - start < 2_000);
});

test("a growing answer rebuilds its last block only", () => {
  const log = container();
  renderMarkdown(log, "One\n\nTw");
  const [first, second] = log.children;
  renderMarkdown(log, "One\n\nTwo\n\nThree");
  assert.equal(log.children[0], first);
  assert.notEqual(log.children[1], second);
  assert.equal(html(log), "<p>One</p><p>Two</p><p>Three</p>");
});

test("an answer that is replaced by a shorter one leaves nothing of the old", () => {
  const log = container();
  renderMarkdown(log, "One\n\nTwo\n\nThree");
  renderMarkdown(log, "Other");
  assert.equal(html(log), "<p>Other</p>");
});
