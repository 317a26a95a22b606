/**
 * Builds DOM nodes from code. Text only ever becomes text nodes, so nothing from the wire is parsed as HTML.
 */

import { drawIcon } from "./icon.js";

/** @import { Attributes, Child } from "./types.d.ts" */

/**
 * Make an element: `h("button", { class: "x", onclick: f, "aria-label": "Close" }, "text", child)`.
 * A button submits no form unless its `type` says so.
 * A value of `null`, `undefined` or `false` leaves the attribute out; `true` sets it without a value.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (tag === "button") element.setAttribute("type", "button");
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {unknown} value
 */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  else element.setAttribute(name, value === true ? "" : String(value));
}

const ICONS = {
  more: ["M4.5 12h1", "M11.5 12h1", "M18.5 12h1"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M5 20a7 7 0 0 1 14 0"],
  send: ["M5 12h13", "M12.5 5.5L19 12l-6.5 6.5"],
  stop: ["M8 8h8v8H8z"],
  calendar: [
    "M5 6.5h14a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7.5a1 1 0 0 1 1-1Z",
    "M4 10.5h16",
    "M8 3.5v4",
    "M16 3.5v4",
  ],
  back: ["M15 5.5L8.5 12l6.5 6.5"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  down: ["M12 5v13", "M6 12.5l6 6 6-6"],
  download: ["M12 4v11", "M7.5 10.5L12 15l4.5-4.5", "M5 19.5h14"],
  copy: ["M9 9h10v10H9Z", "M15 5.5H5.5V15"],
  thumb: [
    "M7.5 10.5V19H4.5V10.5Z",
    "M7.5 10.5L11 4a1.8 1.8 0 0 1 2.5 1.8V9.5h4.5a1.6 1.6 0 0 1 1.6 1.9l-1.1 6a2 2 0 0 1-2 1.6H7.5",
  ],
  spark: [
    "M12 3.5l1.9 5.1a2.5 2.5 0 0 0 1.5 1.5l5.1 1.9-5.1 1.9a2.5 2.5 0 0 0-1.5 1.5L12 20.5l-1.9-5.1a2.5 2.5 0 0 0-1.5-1.5L3.5 12l5.1-1.9a2.5 2.5 0 0 0 1.5-1.5Z",
  ],
};

/**
 * Draw one of our line icons.
 *
 * @param {keyof typeof ICONS} name
 */
export const buildIcon = (name) => drawIcon(ICONS[name]);

/**
 * Show or hide an element for everybody, assistive technology included.
 *
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function setVisible(element, visible) {
  element.hidden = !visible;
}

/**
 * Set text only when it differs, so that live regions do not repeat themselves.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Whether what comes next in an element is on its left, as in Arabic.
 *
 * @param {Element} element
 */
export function isRightToLeft(element) {
  return getComputedStyle(element).direction === "rtl";
}

/**
 * Return the element that has the focus in the same document or shadow root, or null.
 *
 * @param {HTMLElement} element
 */
export function findFocused(element) {
  const root = element.getRootNode();
  return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
}
