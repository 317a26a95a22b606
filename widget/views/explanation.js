/**
 * What a refusal says to the visitor: its sentence, when to try again, and which times are free instead.
 */

import { formatDay, formatTime } from "../dates.js";
import { h } from "../dom.js";

/** @import { ErrorData, Slot } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

const MINUTE_MS = 60_000;

/**
 * Return the sentence to show. It names the waiting time only if the refusal came just now (`heard`): one from the
 * history does not say when it was sent.
 *
 * @param {Partial<ErrorData>} error
 * @param {Context["t"]} t
 */
export function explainError({ code, message, retry_after_ms: wait = 0 }, t, { heard = true } = {}) {
  if (code === "RATE_LIMITED" && heard && wait >= MINUTE_MS) {
    return t("try_in", { minutes: Math.ceil(wait / MINUTE_MS) });
  }
  return message || t("lost");
}

/**
 * Free times that the server offers in place of a taken one, as buttons.
 *
 * @param {Partial<ErrorData>} error
 * @param {Context} context
 * @param {(slot: Slot) => void} choose
 */
export function buildAlternativeButtons(error, { t, locale, zone }, choose, testid = "alternative") {
  const slots = error.alternatives ?? [];
  const describe = (/** @type {Slot} */ slot) =>
    `${formatDay(slot.start, locale, zone())}, ${formatTime(slot.start, locale, zone())}`;
  return slots.map((slot) =>
    h(
      "button",
      {
        class: "button soft",
        "data-testid": testid,
        title: t("alternatives"),
        onclick: () => choose(slot),
      },
      describe(slot),
    ),
  );
}
