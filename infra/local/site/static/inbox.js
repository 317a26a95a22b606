/**
 * Shows the e-mails that the local stack caught, newest first, and looks for new ones every two seconds.
 */

const LOOK_EVERY_MS = 2000;
const CODE = /(?<![\d-])(\d{3})[ \u00a0]?(\d{3})(?![\d-])/;

const list = document.querySelector("#emails");
const empty = document.querySelector("#empty");
const state = document.querySelector("#state");
const known = new Map();

async function look() {
  try {
    const answer = await fetch("/api/inbox");
    if (!answer.ok) throw new Error((await answer.json()).error);
    show(await answer.json());
    state.textContent = "";
  } catch (error) {
    state.textContent = `Cannot read the e-mails: ${error.message}. Is the stack running?`;
  }
  setTimeout(look, document.hidden ? 5 * LOOK_EVERY_MS : LOOK_EVERY_MS);
}

function show(emails) {
  empty.hidden = emails.length > 0;
  const ids = new Set(emails.map((email) => email.id));
  for (const [id, node] of known) {
    if (ids.has(id)) continue;
    node.remove();
    known.delete(id);
  }
  for (const email of [...emails].reverse()) {
    if (known.has(email.id)) continue;
    known.set(email.id, card(email));
    list.prepend(known.get(email.id));
  }
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
