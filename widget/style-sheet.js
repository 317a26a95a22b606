/**
 * Makes constructable style sheets: they work where the page's CSP forbids inline styles.
 */

/** @param {string} css */
export function buildStyleSheet(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

/** @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/**
 * Add what a part that is loaded on demand looks like; a sheet is made once, and shared by every widget of the page.
 *
 * @param {ShadowRoot | null} root
 * @param {string} css
 */
export function addStyles(root, css) {
  const sheet = sheets.get(css) ?? buildStyleSheet(css);
  sheets.set(css, sheet);
  if (root && !root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
