/**
 * The widget's texts: one JSON file a language, made from the catalogues in `locales`, loaded when it is needed.
 */

import LANGUAGES from "./locales/languages.js";

/** @typedef {Record<string, string | number>} Values */
/** @typedef {Record<string, string | Record<string, string>>} Catalogue */
/** @typedef {ReturnType<typeof buildTexts>} Texts */

const DEFAULT_LANGUAGE = "pl";

/** @type {Map<string, Promise<Texts>>} */
const loading = new Map();

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
    const language = LANGUAGES.find((known) => known.toLowerCase() === candidate);
    if (language) return language;
    parts.pop();
  }
  return DEFAULT_LANGUAGE;
}

/**
 * Load the texts of a language that `chooseLanguage` returned; a language is loaded once, unless that failed.
 *
 * @param {string} language
 * @returns {Promise<Texts>} Rejected when the file can't be loaded.
 */
export function loadTexts(language) {
  const known = loading.get(language) ?? fetchTexts(language);
  loading.set(language, known);
  known.catch(() => loading.delete(language));
  return known;
}

/** @param {string} language */
async function fetchTexts(language) {
  const url = new URL(`./locales/${language}.json`, import.meta.url);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return buildTexts(language, await answer.json());
}

/**
 * Return what looks up texts: `t("code_sent", { contact })`, and `t.plural("unread", 3)` in the form for a number.
 *
 * @param {string} language
 * @param {Catalogue} catalogue Texts by id; a plural has its forms by the categories of `Intl.PluralRules`.
 */
export function buildTexts(language, catalogue) {
  const rules = new Intl.PluralRules(language);
  /**
   * @param {string} id
   * @param {Values} [values] What stands for the names in braces.
   */
  const t = (id, values = {}) => fillPlaceholders(String(catalogue[id]), values);
  /**
   * @param {string} id
   * @param {number} count Also stands for `{count}`.
   */
  t.plural = (id, count) => {
    const forms = /** @type {Record<string, string>} */ (catalogue[id]);
    return fillPlaceholders(String(forms[rules.select(count)] ?? forms.other), { count });
  };
  return t;
}

/**
 * @param {string} text
 * @param {Values} values
 */
function fillPlaceholders(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}
