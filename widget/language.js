/**
 * Which language the widget has for a language tag, and how its texts are loaded.
 */

import LANGUAGES from "./locales/languages.js";

/** @import { Catalogue } from "./texts.js" */

/** @typedef {{ load: () => Promise<{ default: Catalogue }>, texts: Record<string, string> }} Language */

const DEFAULT_LANGUAGE = "pl";

/**
 * Return the language that we have for a tag such as `en-GB`: the tag itself, or what is left of it without its end
 * (the lookup of RFC 4647); Polish if there is none.
 *
 * @param {string | null | undefined} tag
 * @returns {string}
 */
export function chooseLanguage(tag) {
  const parts = String(tag ?? "")
    .toLowerCase()
    .split("-");
  while (parts.length > 0) {
    const candidate = parts.join("-");
    const language = Object.keys(LANGUAGES).find((known) => known.toLowerCase() === candidate);
    if (language) return language;
    parts.pop();
  }
  return DEFAULT_LANGUAGE;
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
