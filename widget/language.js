/**
 * Which language the widget has for a language tag, and how its texts are loaded.
 */

import LANGUAGES from "./locales/languages.js";

/** @import { TextModule } from "./texts.js" */

/** @typedef {{ load: () => Promise<TextModule>, texts: Record<string, string> }} Language */

const DEFAULT_LANGUAGE = "pl";
const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;

/**
 * Return the language that we have for the first of these tags, such as `en-GB`, for which there is one: the tag
 * itself, or what is left of it without its end (the lookup of RFC 4647); Polish if there is none.
 *
 * @param {(string | null | undefined)[]} tags
 * @returns {string}
 */
export function chooseLanguage(...tags) {
  for (const tag of tags) {
    const parts = String(tag ?? "")
      .toLowerCase()
      .split("-");
    while (parts.length > 0) {
      const candidate = parts.join("-");
      const language = Object.keys(LANGUAGES).find((known) => known.toLowerCase() === candidate);
      if (language) return language;
      parts.pop();
    }
  }
  return DEFAULT_LANGUAGE;
}

/**
 * Say in which language a part is, whatever the page around it is in. A direction that the page gives the widget's
 * element itself stands.
 *
 * @param {HTMLElement} node
 * @param {string} language
 * @param {string} direction
 */
export function markLanguage(node, language, direction) {
  node.lang = language;
  node.dir = direction || (RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr");
}

/**
 * Return how to load the texts of a language that `chooseLanguage` returned, and those that are here already.
 *
 * @param {string} language
 * @returns {Language}
 */
export function findLanguage(language) {
  /** @type {Record<string, Language>} */
  const languages = LANGUAGES;
  return /** @type {Language} */ (languages[language]);
}
