/**
 * The demo page's own behaviour: language, booking buttons, and where the chat is.
 */

import { english } from "./english.js";

const chat = document.querySelector("stride-chat");
const translated = [...document.querySelectorAll("[data-t]")];
const polish = Object.fromEntries(translated.map((element) => [element.dataset.t, element.textContent]));
polish.title = document.title;
polish.suggestions = chat.getAttribute("suggestions");

function speak(locale) {
  const words = locale === "en" ? english : polish;
  document.documentElement.lang = locale;
  document.title = words.title;
  for (const element of translated) element.textContent = words[element.dataset.t];
  chat.setAttribute("locale", locale);
  chat.setAttribute("suggestions", words.suggestions);
  for (const button of document.querySelectorAll("[data-locale]")) {
    button.setAttribute("aria-pressed", String(button.dataset.locale === locale));
  }
}

/** What the address asks for, else what was chosen here before, else what the browser prefers of what we speak. */
function wishedLocale() {
  const asked = new URLSearchParams(location.search).get("lang");
  const wishes = [asked, localStorage.getItem("lumen/locale"), ...navigator.languages];
  return wishes.map((wish) => wish?.split("-")[0]).find((language) => language === "en" || language === "pl") ?? "pl";
}

for (const button of document.querySelectorAll("[data-locale]")) {
  button.addEventListener("click", () => {
    localStorage.setItem("lumen/locale", button.dataset.locale);
    speak(button.dataset.locale);
  });
}
for (const button of document.querySelectorAll("[data-book]")) {
  button.addEventListener("click", () => chat.book({ service: button.dataset.book || null }));
}
document.querySelector("[data-chat]").addEventListener("click", () => chat.open());
speak(wishedLocale());

// A real page writes the chat's address into the element; this stack only knows it once it runs.
const config = await (await fetch("/config.json")).json();
chat.setAttribute("tenant", config.tenant);
chat.setAttribute("websocket-url", config.websocket_url);
document.querySelector("#answers").textContent =
  config.bedrock === "aws"
    ? "Answers come from Claude on Amazon Bedrock."
    : "Answers come from the offline stand-in, not from Claude.";
document.querySelector(".dev").hidden = false;
