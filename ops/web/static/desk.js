/** Optional improvements: pages refresh themselves, one box selects all, the token is filled in from the address. */

const main = /** @type {HTMLElement} */ (document.querySelector("main"));

/** Fetch the page again and replace its content, unless the user is working with it. */
async function refresh() {
  const isBusy = document.hidden || main.contains(document.activeElement) || String(getSelection());
  if (isBusy) return true;
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
  if (!answer.ok) return answer.type !== "opaqueredirect";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!fresh || main.contains(document.activeElement)) return true;
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const inputs = main.querySelectorAll("textarea, input:not([type=hidden])");
  for (const input of inputs) {
    if (input.value !== input.defaultValue) return true; // Keep what the user has typed.
  }
  const before = main.querySelector(".log");
  const atEnd = before && before.scrollHeight - before.scrollTop - before.clientHeight < 40;
  const top = before?.scrollTop ?? 0;
  main.replaceChildren(...fresh.childNodes);
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

const log = document.querySelector(".log");
if (log) log.scrollTop = log.scrollHeight;

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
