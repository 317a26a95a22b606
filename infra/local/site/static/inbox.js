/**
 * Shows the e-mails and text messages that the local stack caught, newest first, and looks for new ones every two
 * seconds.
 */

const LOOK_EVERY_MS = 2000;
const CODE = /(?<![\d-])(\d{3})[ \u00a0]?(\d{3})(?![\d-])/;

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
    node("pre", { class: "text" }, [text]),
  ]);
}

function card({ id, to, subject, text, html, sent_at: sentAt, attachments }) {
  const code = CODE.exec(text || "") ?? CODE.exec(subject);
  return node("article", { "data-testid": "email", "data-id": id }, [
    node("header", {}, [
      node("h2", {}, [subject || "(no subject)"]),
      node("p", { class: "meta" }, [`to ${to.join(", ")} · `, node("time", { datetime: sentAt }, [new Date(sentAt).toLocaleTimeString()])]),
    ]),
    code && codeButton(code[1] + code[2]),
    attachments.length > 0 && node("ul", { class: "attachments" }, attachments.map((file) => node("li", {}, [attachment(file)]))),
    text && node("pre", { class: "text" }, [text]),
    html && htmlPart(html, !text),
  ]);
}

function codeButton(code) {
  const button = node("button", { type: "button", class: "code", "data-testid": "code", "aria-label": `Copy the code ${code}` }, [
    node("span", { class: "digits" }, [code]),
    node("span", { class: "hint" }, ["Copy"]),
  ]);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code);
    button.lastChild.textContent = "Copied";
    setTimeout(() => (button.lastChild.textContent = "Copy"), 1500);
  });
  return button;
}

/** The sandbox without any permission runs no scripts, and the frame keeps this page's policy: no remote images. */
function htmlPart(html, open) {
  const frame = node("iframe", { sandbox: "", title: "The e-mail as HTML", srcdoc: html, loading: "lazy" });
  const details = node("details", {}, [node("summary", {}, ["As HTML"]), frame]);
  details.open = open;
  return details;
}

function attachment({ name, content_type: type, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const link = node("a", { download: name, href: URL.createObjectURL(new Blob([bytes], { type })) }, [name]);
  return node("span", {}, [link, ` (${type}, ${bytes.length} bytes)`]);
}

function node(tag, attributes, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

look();
