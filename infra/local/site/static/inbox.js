/**
 * Shows the e-mails and text messages that the local stack recorded, newest first, and polls for new ones every two
 * seconds.
 */

import { linkify } from "./links.js";

/** @typedef {{ name: string, content_type: string, base64: string }} Attachment */
/** @typedef {{ id: string, to: string, text: string }} TextMessage */
/**
 * @typedef {object} Email
 * @property {string} id
 * @property {string[]} to
 * @property {string} subject
 * @property {string} text
 * @property {string} html
 * @property {string} sent_at
 * @property {Attachment[]} attachments
 */

const POLL_INTERVAL_MS = 2000;
const CODE = /(?<![\w-])(?<first>\d{3})[ \u00a0]?(?<last>\d{3})(?![\w-])/;
const SANDBOX = "allow-popups allow-popups-to-escape-sandbox";

const empty = byId("empty");
const state = byId("state");
const emails = { list: byId("emails"), known: new Map() };
const texts = { list: byId("texts"), known: new Map() };

async function look() {
  try {
    const answer = await fetch("/api/inbox");
    if (!answer.ok) throw new Error((await answer.json()).error);
    show(await answer.json(), emails, card);
    const messages = await fetch("/api/texts");
    // Another emulator may have another path for text messages.
    show(messages.ok ? await messages.json() : [], texts, textCard);
    byId("text-messages").hidden = texts.known.size === 0;
    empty.hidden = emails.known.size + texts.known.size > 0;
    state.textContent = "";
  } catch (error) {
    state.textContent = `Cannot read the e-mails: ${error instanceof Error ? error.message : error}. Is the stack running?`;
  }
  setTimeout(look, document.hidden ? 5 * POLL_INTERVAL_MS : POLL_INTERVAL_MS);
}

/**
 * @template {{ id: string }} Message
 * @param {Message[]} messages
 * @param {{ list: HTMLElement, known: Map<string, HTMLElement> }} shown
 * @param {(message: Message) => HTMLElement} make
 */
function show(messages, { list, known }, make) {
  const ids = new Set(messages.map((message) => message.id));
  for (const [id, shown] of known) {
    if (ids.has(id)) continue;
    shown.remove();
    known.delete(id);
  }
  for (const message of [...messages].reverse()) {
    if (known.has(message.id)) continue;
    const made = make(message);
    known.set(message.id, made);
    list.prepend(made);
  }
}

/** @param {TextMessage} message */
function textCard({ id, to, text }) {
  const code = codeIn(text);
  return node("article", { "data-testid": "text-message", "data-id": id }, [
    node("header", {}, [node("p", { class: "meta" }, [`to ${to}`])]),
    code && codeButton(code),
    node("pre", { class: "text" }, linkify(text)),
  ]);
}

/** @param {Email} email */
function card({ id, to, subject, text, html, sent_at: sentAt, attachments }) {
  const code = codeIn(text || "") ?? codeIn(subject);
  return node("article", { "data-testid": "email", "data-id": id }, [
    node("header", {}, [
      node("h2", {}, [subject || "(no subject)"]),
      node("p", { class: "meta" }, [
        `to ${to.join(", ")} · `,
        node("time", { datetime: sentAt }, [new Date(sentAt).toLocaleTimeString()]),
      ]),
    ]),
    code && codeButton(code),
    attachments.length > 0 &&
      node(
        "ul",
        { class: "attachments" },
        attachments.map((file) => node("li", {}, [attachment(file)])),
      ),
    text && node("pre", { class: "text" }, linkify(text)),
    html && htmlPart(id, !text),
  ]);
}

/** @param {string} text */
function codeIn(text) {
  const found = CODE.exec(text)?.groups;
  return found ? `${found.first}${found.last}` : null;
}

/** @param {string} code */
function codeButton(code) {
  const hint = node("span", { class: "hint" }, ["Copy"]);
  const button = node(
    "button",
    { type: "button", class: "code", "data-testid": "code", "aria-label": `Copy the code ${code}` },
    [node("span", { class: "digits" }, [code]), hint],
  );
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code);
    hint.textContent = "Copied";
    setTimeout(() => {
      hint.textContent = "Copy";
    }, 1500);
  });
  return button;
}

/**
 * The HTML part has a separate address, whose policy allows its styles and links, but no script.
 *
 * @param {string} id
 * @param {boolean} open
 */
function htmlPart(id, open) {
  const address = `/emails/${encodeURIComponent(id)}`;
  const frame = node("iframe", { sandbox: SANDBOX, title: "The e-mail as HTML", src: address, loading: "lazy" });
  const alone = node("a", { class: "alone", href: address, target: "_blank", rel: "noopener" }, ["Open in a new tab"]);
  return node("details", open ? { open: "" } : {}, [node("summary", {}, ["As HTML"]), frame, alone]);
}

/** @param {Attachment} file */
function attachment({ name, content_type: type, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  // With its own type, a file that is opened instead of saved could run as a page of this site.
  const blob = new Blob([bytes], { type: "application/octet-stream" });
  const link = node("a", { download: name, href: URL.createObjectURL(blob) }, [name]);
  return node("span", {}, [link, ` (${type}, ${bytes.length} bytes)`]);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string | false | null)[]} children
 */
function node(tag, attributes, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) if (child) element.append(child);
  return element;
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

look();
