/**
 * The demo page's behaviour: language, booking buttons, and the address of the chat.
 */

import { english } from "./english.js";

/** @import { StrideChat } from "../../../../widget/stride-chat.js" */

const chat = /** @type {StrideChat} */ (document.querySelector("stride-chat"));
const translated = all("[data-t]");
/** @type {Record<string, string>} */
const polish = {
  ...Object.fromEntries(translated.map((element) => [element.dataset.t, element.textContent])),
  title: document.title,
  suggestions: chat.getAttribute("suggestions") ?? "",
};

/**
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
function all(selector) {
  return Array.from(document.querySelectorAll(selector));
}

/** @param {string} locale */
function showLanguage(locale) {
  /** @type {Record<string, string>} */
  const words = locale === "en" ? english : polish;
  document.documentElement.lang = locale;
  document.title = words.title ?? "";
  for (const element of translated) element.textContent = words[element.dataset.t ?? ""] ?? "";
  chat.setAttribute("locale", locale);
  chat.setAttribute("suggestions", words.suggestions ?? "");
  for (const button of all("[data-locale]")) {
    button.setAttribute("aria-pressed", String(button.dataset.locale === locale));
  }
}

/** Returns the language of the address, else the stored choice, else the first of the browser that the page has. */
function preferredLocale() {
  const requested = new URLSearchParams(location.search).get("lang");
  const candidates = [requested, localStorage.getItem("lumen/locale"), ...navigator.languages];
  const languages = candidates.map((tag) => tag?.split("-")[0]);
  return languages.find((language) => language === "en" || language === "pl") ?? "pl";
}

for (const button of all("[data-locale]")) {
  const { locale = "pl" } = button.dataset;
  button.addEventListener("click", () => {
    localStorage.setItem("lumen/locale", locale);
    showLanguage(locale);
  });
}
for (const button of all("[data-book]")) {
  button.addEventListener("click", () => chat.book({ service: button.dataset.book || null }));
}
for (const button of all("[data-chat]")) button.addEventListener("click", () => chat.open());
showLanguage(preferredLocale());

// A real page has the chat's address in the element; the address of a local stack is known only while it runs.
const config = await (await fetch("/config.json")).json();
chat.setAttribute("tenant", config.tenant);
chat.setAttribute("websocket-url", config.websocket_url);
for (const element of all("#answers")) {
  element.textContent =
    config.bedrock === "aws"
      ? "Answers come from Claude on Amazon Bedrock."
      : "Answers come from the offline stand-in, not from Claude.";
}
for (const element of all(".dev")) element.hidden = false;
