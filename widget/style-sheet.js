/**
 * Makes constructable style sheets: they work where the page's CSP forbids inline styles.
 */

/** @param {string} css */
export function buildStyleSheet(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
