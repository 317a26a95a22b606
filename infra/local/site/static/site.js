/**
 * The demo page's own behaviour: language, booking buttons, and where the chat is.
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
function speak(locale) {
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

/** What the address asks for, else what was chosen here before, else what the browser prefers of what we speak. */
function wishedLocale() {
  const asked = new URLSearchParams(location.search).get("lang");
  const wishes = [asked, localStorage.getItem("lumen/locale"), ...navigator.languages];
  return wishes.map((wish) => wish?.split("-")[0]).find((language) => language === "en" || language === "pl") ?? "pl";
}

for (const button of all("[data-locale]")) {
  const { locale = "pl" } = button.dataset;
  button.addEventListener("click", () => {
    localStorage.setItem("lumen/locale", locale);
    speak(locale);
  });
}
for (const button of all("[data-book]")) {
  button.addEventListener("click", () => chat.book({ service: button.dataset.book || null }));
}
for (const button of all("[data-chat]")) button.addEventListener("click", () => chat.open());
speak(wishedLocale());

// A real page writes the chat's address into the element; this stack only knows it once it runs.
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
