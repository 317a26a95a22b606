/**
 * Optional improvements: pages refresh themselves, answers look as the visitor sees them, the visitor sees that somebody
 * writes or has read, whoever waits is announced, one box selects all, the token is filled in from the address.
 */

const main = /** @type {HTMLElement} */ (document.querySelector("main"));

/** Fetch the page again and replace its content, unless the user is working with it. */
async function refresh() {
  const isBusy = document.hidden || main.contains(document.activeElement) || String(getSelection());
  if (isBusy) return true;
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
  if (!answer.ok) return answer.type !== "opaqueredirect";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!fresh || main.contains(document.activeElement)) return true;
  await renderAnswers(fresh);
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const inputs = main.querySelectorAll("textarea, input:not([type=hidden])");
  for (const input of inputs) {
    if (input.value !== input.defaultValue) return true; // Keep what the user has typed.
  }
  const before = main.querySelector(".log");
  const atEnd = before && before.scrollHeight - before.scrollTop - before.clientHeight < 40;
  const top = before?.scrollTop ?? 0;
  main.replaceChildren(...fresh.childNodes);
  showNotifyButton();
  reportRead();
  const next = main.querySelector(".log");
  if (next) next.scrollTop = atEnd ? next.scrollHeight : top;
  if (fresh.dataset.refresh) return true;
  delete main.dataset.refresh;
  return false;
}

/** @param {number} seconds */
async function keepFresh(seconds) {
  for (let isRefreshing = true; isRefreshing;) {
    await new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000);
    });
    isRefreshing = await refresh().catch(() => true);
  }
}

if (main.dataset.refresh) keepFresh(Number(main.dataset.refresh));

/**
 * Lay the answers out with the widget's own module; where it can't be loaded, they stay text.
 *
 * @param {ParentNode} within
 */
async function renderAnswers(within) {
  /** @type {NodeListOf<HTMLElement>} */
  const answers = within.querySelectorAll("[data-markdown]");
  if (!answers.length) return;
  const modules = ["/widget/markdown.js", "/widget/markdown-further.js"];
  const [{ renderMarkdown }] = await Promise.all(modules.map((module) => import(module))).catch(() => [{}]);
  if (!renderMarkdown) return;
  for (const answer of answers) {
    const text = answer.textContent ?? "";
    answer.replaceChildren();
    renderMarkdown(answer, text);
  }
}

renderAnswers(main).then(() => {
  const log = document.querySelector(".log");
  if (log) log.scrollTop = log.scrollHeight;
});

const TYPING_PAUSE_MS = 4000;
/** When typing was last reported; 0 if it is over. */
let typingAt = 0;
let readSeq = 0;

/** @returns {HTMLFormElement | null} */
function findAnswerForm() {
  return main.querySelector("form[data-presence]");
}

/**
 * Tell the visitor what happens here. Nothing depends on it, so a failure is no problem.
 *
 * @param {Record<string, string>} what
 */
function reportPresence(what) {
  const form = findAnswerForm();
  const csrf = form?.querySelector('input[name="csrf"]');
  if (!form?.dataset.presence || !(csrf instanceof HTMLInputElement)) return;
  const body = new URLSearchParams({ csrf: csrf.value, ...what });
  fetch(form.dataset.presence, { method: "POST", body, keepalive: true }).catch(() => null);
}

/** The visitor's messages are read when they are in front of somebody: the page is, and its window has the focus. */
function reportRead() {
  /** @type {HTMLElement | null} */
  const log = main.querySelector("[data-read-seq]");
  const seq = Number(log?.dataset.readSeq);
  if (!seq || seq <= readSeq || document.hidden || !document.hasFocus()) return;
  readSeq = seq;
  reportPresence({ read_seq: String(seq) });
}

main.addEventListener("input", (event) => {
  if (!(event.target instanceof HTMLTextAreaElement) || event.target.form !== findAnswerForm()) return;
  if (!event.target.value) {
    if (typingAt) reportPresence({ typing: "0" });
    typingAt = 0;
  } else if (Date.now() - typingAt >= TYPING_PAUSE_MS) {
    typingAt = Date.now();
    reportPresence({ typing: "1" });
  }
});
reportRead();
addEventListener("focus", reportRead);
document.addEventListener("visibilitychange", reportRead);

const WAITING_PAUSE_MS = 15_000;
const { title } = document;
/** @type {Set<string> | null} */
let known = null;

/** @returns {HTMLButtonElement | null} */
function findNotifyButton() {
  return main.querySelector("[data-notify]");
}

/** The browser asks for the permission only after a press, and only once. */
function showNotifyButton() {
  const button = findNotifyButton();
  if (!button || !("Notification" in globalThis)) return;
  button.hidden = Notification.permission !== "default";
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = Notification.permission !== "default";
  });
}

/** Whoever waits for a person is counted in the title, and who is new among them is announced; also while hidden. */
async function checkWaiting() {
  const answer = await fetch(main.dataset.waiting ?? "", { redirect: "manual" });
  if (!answer.ok) return answer.type !== "opaqueredirect";
  const { text, marks } = await answer.json();
  document.title = marks.length ? `(${marks.length}) ${title}` : title;
  const isNew = known !== null && marks.some((/** @type {string} */ mark) => !known?.has(mark));
  known = new Set(marks);
  if (isNew && "Notification" in globalThis && Notification.permission === "granted") {
    // The tag: a newer notification takes the place of the one before.
    const notification = new Notification(findNotifyButton()?.dataset.title ?? title, { body: text, tag: "waiting" });
    notification.addEventListener("click", () => globalThis.focus());
  }
  return true;
}

async function watchWaiting() {
  for (let goesOn = true; goesOn;) {
    goesOn = await checkWaiting().catch(() => true);
    await new Promise((resolve) => {
      setTimeout(resolve, WAITING_PAUSE_MS);
    });
  }
}

showNotifyButton();
if (main.dataset.waiting) watchWaiting();

/** @type {HTMLInputElement | null} */
const all = document.querySelector("[data-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    /** @type {NodeListOf<HTMLInputElement>} */
    const boxes = document.querySelectorAll('input[name="id"]');
    for (const box of boxes) box.checked = all.checked;
  });
}

/**
 * The address that is printed at the start has the token in its fragment, which reaches neither servers nor logs.
 *
 * @type {HTMLInputElement | null}
 */
const token = document.querySelector("[data-from-fragment]");
if (token && location.hash.length > 1) {
  token.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
}
