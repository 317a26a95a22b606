import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { renderMarkdown, sanitizeAddress } from "../../widget/markdown.js";
import "../../widget/markdown-further.js";
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
  assert.equal(rendered("One\ntwo\n\nThree"), "<p>One\ntwo</p><p>Three</p>");
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
  assert.equal(rendered("- one\n  and more\n- two"), "<ul><li>one\nand more</li><li>two</li></ul>");
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

test("lists nest by their indentation, whatever its width", () => {
  assert.equal(
    rendered("1. a\n  - b\n    - c\n2. d"),
    "<ol><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ol>",
  );
  assert.equal(rendered("- a\n    1. b\n    2. c\n- d"), "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>");
  assert.equal(rendered("1. A\n\n   more\n\n2. B"), "<ol><li>A<p>more</p></li><li>B</li></ol>");
});

test("quotes have blocks in them, and end with their last line", () => {
  assert.equal(
    rendered("> One\n> - two\n>> three\nfour"),
    "<blockquote><p>One</p><ul><li>two</li></ul><blockquote><p>three</p></blockquote></blockquote><p>four</p>",
  );
});

test("code keeps its lines and its marks, and one that is not closed goes to the end", () => {
  const code = (/** @type {string} */ text) => `<pre class="wide" tabindex="0"><code>${text}</code></pre>`;
  assert.equal(rendered("```js\n**a**\n\n  | b |\n```\nAfter"), `${code("**a**\n\n  | b |")}<p>After</p>`);
  assert.equal(rendered("Before\n~~~\n- a\n```"), `<p>Before</p>${code("- a\n```")}`);
});

test("a table has a head, aligned columns and as many cells in each row", () => {
  const table = (/** @type {string} */ rows) => `<div class="wide" tabindex="0"><table>${rows}</table></div>`;
  assert.equal(
    rendered("| Cut | Price |\n|:---|---:|\n| **Long** | 90 \\| 95 | extra |\n| Short |\nAfter"),
    `${table(
      '<tr><th scope="col">Cut</th><th data-end="" scope="col">Price</th></tr>' +
        '<tr><td><strong>Long</strong></td><td data-end="">90 | 95</td></tr>' +
        '<tr><td>Short</td><td data-end=""></td></tr>',
    )}<p>After</p>`,
  );
  for (const text of ["| a", "a | b\n--- | ---", "| a | b\n---", "| a | b |\n|---|"]) {
    assert.doesNotMatch(rendered(text), /<table/, text);
  }
});

test("rules, struck text, escaped marks and pictures are shown, and a picture is only a link", () => {
  assert.equal(rendered("One\n\n---\n***"), "<p>One</p><hr></hr><hr></hr>");
  assert.equal(rendered("~~old~~ \\*new\\* ***both***"), "<p><s>old</s> *new* <strong><em>both</em></strong></p>");
  assert.equal(rendered("![Map](https://a.example/m.png)"), `<p><a href="https://a.example/m.png" ${LINK}>Map</a></p>`);
});

test("only what the server has named becomes a link without a scheme, and only as a whole", () => {
  const links = [
    { text: "+48 512 345 678", href: "tel:+48512345678" },
    { text: "anna_k@salon.example", href: "mailto:anna_k@salon.example" },
    { text: "salon.example", href: "https://salon.example" },
    // eslint-disable-next-line no-script-url -- what must not be linked
    { text: "voucher", href: "javascript:alert(1)" },
  ];
  const log = container();
  renderMarkdown(log, "Call **+48 512 345 678** or anna_k@salon.example, see salon.example. A voucher.", { links });
  assert.equal(
    html(log),
    `<p>Call <strong><a href="tel:+48512345678" ${LINK}>+48 512 345 678</a></strong> or ` +
      `<a href="mailto:anna_k@salon.example" ${LINK}>anna_k@salon.example</a>, ` +
      `see <a href="https://salon.example/" ${LINK}>salon.example</a>. A voucher.</p>`,
  );
  for (const text of [
    "evil-salon.example",
    "x@salon.example",
    "salon.example-evil",
    "`salon.example`",
    "600 100 200",
  ]) {
    renderMarkdown(log, text, { links });
    assert.doesNotMatch(html(log), /<a /, text);
  }
  renderMarkdown(log, "[salon.example](https://a.example/)", { links });
  assert.doesNotMatch(html(log), /salon\.example\/"/);
});

/**
 * @param {string} markup
 * @returns {string[]} The tags of the outermost elements.
 */
function listTags(markup) {
  const tags = [];
  let depth = 0;
  for (const [, end, tag = ""] of markup.matchAll(/<(\/?)(\w+)/g)) {
    if (!end && depth === 0) tags.push(tag);
    depth += end ? -1 : 1;
  }
  return tags;
}

test("a growing text never shows a block in one form and then in another", () => {
  const text =
    "Prices:\n\n| Cut | Price |\n|---|---:|\n| Long | 90 |\n\n| not\n| one\n\n# Code\n```js\nlet a;\n```\n" +
    "1. one\n2. two\n\n- a\n  - b\n\n> quote\n\n---\nWe have 5 | 6.\nEnd";
  const whole = container();
  renderMarkdown(whole, text);
  const kinds = listTags(html(whole));
  const log = container();
  for (let end = 1; end <= text.length; end += 1) {
    renderMarkdown(log, text.slice(0, end), { growing: true });
    const displayed = listTags(html(log));
    assert.deepEqual(displayed, kinds.slice(0, displayed.length), text.slice(0, end));
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

/** As much as a frame can hold. */
const FRAME_CHARACTERS = 24 * 1024;

test("24 KB of text that was made to be slow is rendered in time", () => {
  const links = [{ text: "a", href: "https://a.example" }];
  for (const part of JSON.parse(readFileSync(new URL("slow_markdown.json", import.meta.url), "utf8"))) {
    const text = part.repeat(FRAME_CHARACTERS / part.length);
    const start = process.cpuUsage();
    const log = container();
    renderMarkdown(log, text, { links });
    renderMarkdown(log, text, { growing: true, links });
    // What grows with the square of the length takes seconds; the page has a test that measures milliseconds.
    assert.ok(process.cpuUsage(start).user < 500_000, part);
  }
});

test("10 000 levels are shown, the outer ones as elements", () => {
  for (const text of [
    `${"> ".repeat(10_000)}x`,
    `${"- ".repeat(10_000)}x`,
    Array.from({ length: 10_000 }, (_, level) => `${" ".repeat(2 * (level % 100))}- x`).join("\n"),
    `${"*a **b ".repeat(10_000)}x${" b** a*".repeat(10_000)}`,
    "`".repeat(10_000),
    `${"[".repeat(10_000)}x${"](https://a.example)".repeat(10_000)}`,
  ]) {
    const displayed = rendered(text);
    assert.match(displayed, /x|`/);
    let depth = 0;
    let deepest = 0;
    for (const [tag] of displayed.matchAll(/<\/?\w+/g)) {
      depth += tag.startsWith("</") ? -1 : 1;
      deepest = Math.max(deepest, depth);
    }
    assert.ok(deepest <= 14, text.slice(0, 20));
  }
});

test("what would need too many elements goes on as plain text", () => {
  const text = `First\n\n${"- a\n".repeat(3000)}`;
  const displayed = rendered(text);
  assert.ok(displayed.startsWith("<p>First</p>"));
  assert.ok((displayed.match(/</g) ?? []).length < 100);
  assert.equal((displayed.match(/a/g) ?? []).length, 3000);
  const log = container();
  renderMarkdown(log, text);
  renderMarkdown(log, text);
  assert.equal(html(log), displayed);
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
