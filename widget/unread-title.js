/**
 * Says in the page's title how many messages the visitor has not read while the page is in the background.
 */

/** Of each widget on the page. @type {Map<object, number>} */
const counts = new Map();
let prefix = "";

/**
 * Put the sum of all widgets in front of the page's title, or take it away again; what the page itself writes stays.
 *
 * @param {object} widget
 * @param {number} count
 */
export function countInTitle(widget, count) {
  if (count > 0) counts.set(widget, count);
  else counts.delete(widget);
  const sum = [...counts.values()].reduce((all, each) => all + each, 0);
  const title = document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  prefix = sum > 0 ? `(${sum}) ` : "";
  if (document.title !== prefix + title) document.title = prefix + title;
}
