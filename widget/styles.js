/**
 * The widget's looks as constructable style sheets: they work where the page's CSP forbids inline styles.
 */

import { bookingCss } from "./styles/booking.js";
import { conversationCss } from "./styles/conversation.js";
import { frameCss } from "./styles/frame.js";

let sheets = null;

/** Return the sheets, made once and shared by every widget of the page. */
export function getStyleSheets() {
  sheets ??= [frameCss, conversationCss, bookingCss].map((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  });
  return sheets;
}
