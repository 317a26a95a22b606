/**
 * Looks up the widget's texts: one module a language, made from the catalogues in `locales`, is loaded when needed.
 */

/** @typedef {Record<string, string | number>} Values */
/** @typedef {Record<string, string | Record<string, string>>} Catalogue */
/**
 * A module of texts. In a release, those that only parts loaded on demand use are in another one.
 *
 * @typedef {{ default: Catalogue, loadMore?: () => Promise<{ default: Catalogue }> }} TextModule
 */
/** @typedef {ReturnType<typeof buildTexts>} Texts */

/**
 * Return what looks up texts: `t("code_sent", { contact })`, and `t.plural("unread", 3)` in the form for a number.
 *
 * @param {string} language
 * @param {TextModule} module Texts by id; a plural has its forms by the categories of `Intl.PluralRules`.
 */
export function buildTexts(language, { default: own, loadMore }) {
  const catalogue = { ...own };
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
  /** Load the texts of the parts that are loaded on demand. */
  t.loadMore = async () => {
    if (loadMore) Object.assign(catalogue, (await loadMore()).default);
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
