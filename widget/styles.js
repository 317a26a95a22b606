/**
 * The widget's looks as constructable style sheets: they work where the page's CSP forbids inline styles.
 */

import { buildStyleSheet } from "./style-sheet.js";
import { bookingCss } from "./styles/booking.js";
import { conversationCss } from "./styles/conversation.js";
import { frameCss } from "./styles/frame.js";

/** @type {CSSStyleSheet[] | null} */
let sheets = null;

/** Return the sheets of the window, made once and shared by every widget of the page. */
export function getStyleSheets() {
  sheets ??= [frameCss, conversationCss, bookingCss].map(buildStyleSheet);
  return sheets;
}
