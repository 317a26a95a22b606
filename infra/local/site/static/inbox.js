/**
 * Shows the e-mails and text messages that the local stack caught, newest first, and looks for new ones every two
 * seconds.
 */

import { linked } from "./linked.js";

const LOOK_EVERY_MS = 2000;
const CODE = /(?<![\w-])(\d{3})[ \u00a0]?(\d{3})(?![\w-])/;
const SANDBOX = "allow-popups allow-popups-to-escape-sandbox";

const list = document.querySelector("#emails");
const empty = document.querySelector("#empty");
const state = document.querySelector("#state");
const known = new Map();
const texts = document.querySelector("#texts");
const knownTexts = new Map();

async function look() {
  try {
    const answer = await fetch("/api/inbox");
    if (!answer.ok) throw new Error((await answer.json()).error);
    show(await answer.json(), list, known, card);
    const messages = await fetch("/api/texts");
    // An emulator of another make may keep text messages elsewhere.
    show(messages.ok ? await messages.json() : [], texts, knownTexts, textCard);
    texts.parentElement.hidden = knownTexts.size === 0;
    empty.hidden = known.size + knownTexts.size > 0;
    state.textContent = "";
  } catch (error) {
    state.textContent = `Cannot read the e-mails: ${error.message}. Is the stack running?`;
  }
  setTimeout(look, document.hidden ? 5 * LOOK_EVERY_MS : LOOK_EVERY_MS);
}

function show(messages, list, known, card) {
  const ids = new Set(messages.map((message) => message.id));
  for (const [id, node] of known) {
    if (ids.has(id)) continue;
    node.remove();
    known.delete(id);
  }
  for (const message of [...messages].reverse()) {
    if (known.has(message.id)) continue;
    known.set(message.id, card(message));
    list.prepend(known.get(message.id));
  }
}

function textCard({ id, to, text }) {
  const code = CODE.exec(text);
  return node("article", { "data-testid": "text-message", "data-id": id }, [
    node("header", {}, [node("p", { class: "meta" }, [`to ${to}`])]),
    code && codeButton(code[1] + code[2]),
    node("pre", { class: "text" }, linked(text)),
  ]);
}

function card({ id, to, subject, text, html, sent_at: sentAt, attachments }) {
  const code = CODE.exec(text || "") ?? CODE.exec(subject);
  return node("article", { "data-testid": "email", "data-id": id }, [
    node("header", {}, [
      node("h2", {}, [subject || "(no subject)"]),
      node("p", { class: "meta" }, [
        `to ${to.join(", ")} · `,
        node("time", { datetime: sentAt }, [new Date(sentAt).toLocaleTimeString()]),
      ]),
    ]),
    code && codeButton(code[1] + code[2]),
    attachments.length > 0 &&
      node(
        "ul",
        { class: "attachments" },
        attachments.map((file) => node("li", {}, [attachment(file)])),
      ),
    text && node("pre", { class: "text" }, linked(text)),
    html && htmlPart(id, !text),
  ]);
}

function codeButton(code) {
  const button = node(
    "button",
    { type: "button", class: "code", "data-testid": "code", "aria-label": `Copy the code ${code}` },
    [node("span", { class: "digits" }, [code]), node("span", { class: "hint" }, ["Copy"])],
  );
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code);
    button.lastChild.textContent = "Copied";
    setTimeout(() => (button.lastChild.textContent = "Copy"), 1500);
  });
  return button;
}

/** The letter comes from an address of its own, whose policy lets its styles and links work, and no script. */
function htmlPart(id, open) {
  const address = `/letters/${encodeURIComponent(id)}`;
  const frame = node("iframe", { sandbox: SANDBOX, title: "The e-mail as HTML", src: address, loading: "lazy" });
  const alone = node("a", { class: "alone", href: address, target: "_blank", rel: "noopener" }, ["Open in a new tab"]);
  const details = node("details", {}, [node("summary", {}, ["As HTML"]), frame, alone]);
  details.open = open;
  return details;
}

function attachment({ name, content_type: type, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  // Under its own type, what is opened in place of saved could be a page of this site.
  const blob = new Blob([bytes], { type: "application/octet-stream" });
  const link = node("a", { download: name, href: URL.createObjectURL(blob) }, [name]);
  return node("span", {}, [link, ` (${type}, ${bytes.length} bytes)`]);
}

function node(tag, attributes, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

look();
