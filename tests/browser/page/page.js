/** Gives the widget its address, and the language that the page's address asks for. */

const chat = /** @type {HTMLElement} */ (document.querySelector("stride-chat"));
const locale = new URLSearchParams(location.search).get("lang");
if (locale) {
  document.documentElement.lang = locale;
  chat.setAttribute("locale", locale);
}
/** @type {{ websocket_url: string }} */
const config = await (await fetch("/config.json")).json();
chat.setAttribute("websocket-url", config.websocket_url);
