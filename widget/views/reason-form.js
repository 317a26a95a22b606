/**
 * Asks why an answer did not help. Loaded when somebody says so.
 */

import { h } from "../dom.js";

/** @import { Texts } from "../texts.js" */

const MAX_CHARACTERS = 1_000;

/**
 * @param {Texts} t
 * @param {{ onReason: (reason: string) => void, onClose: () => void }} actions
 */
export function buildReasonForm(t, { onReason, onClose }) {
  const field = h("textarea", {
    class: "input",
    rows: "2",
    maxlength: MAX_CHARACTERS,
    "aria-label": t("why_not_helpful"),
    placeholder: t("why_not_helpful"),
    "data-testid": "reason",
  });
  return h(
    "form",
    {
      class: "reason",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        const reason = field.value.trim();
        if (reason) onReason(reason);
        else onClose();
      },
      onkeydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      },
    },
    field,
    h(
      "div",
      { class: "row" },
      h("button", { type: "submit", class: "button soft", "data-testid": "reason-send" }, t("send")),
      h("button", { class: "button", "data-testid": "reason-close", onclick: onClose }, t("no_reason")),
    ),
  );
}
