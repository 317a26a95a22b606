/**
 * What the page hears of a conversation: from a frame, the name of the event and its `detail`. Pure.
 *
 * A `detail` holds what the visitor sees, without contacts, codes and tokens. Its type is in `element.d.ts`.
 */

/** @import { StrideChatEventMap } from "./element.d.ts" */
/** @import { Frame } from "./types.d.ts" */

/**
 * A name without `stride-chat-`, and the detail.
 *
 * @typedef {{
 *   [Name in keyof StrideChatEventMap]: Name extends `stride-chat-${infer Short}`
 *     ? [Short, StrideChatEventMap[Name]["detail"]]
 *     : never;
 * }[keyof StrideChatEventMap]} News
 */

/**
 * @param {Frame} frame
 * @returns {News | null}
 */
export function describeNews({ type, data }) {
  switch (type) {
    case "chat.sent":
      return ["message", { from: "visitor", text: data.text }];
    case "chat.final":
      return describeFinal(data);
    case "booking.confirmed":
    case "booking.rescheduled":
    case "booking.cancelled": {
      const { appointment_id, start, end, service, by = "visitor" } = data;
      const visit = { appointment_id, start, end, service, by };
      if (type === "booking.cancelled") return ["cancelled", visit];
      return ["booked", { ...visit, moved: type === "booking.rescheduled" }];
    }
    case "error": {
      const { code, retryable, message } = data;
      return ["error", { code, retryable, message }];
    }
    default:
      return null;
  }
}

/**
 * @param {Frame<"chat.final">["data"]} answer
 * @returns {News | null}
 */
function describeFinal({ announces, by, author, text }) {
  if (announces) return /^(hand|took)/.test(announces) ? ["handover", { state: announces, author }] : null;
  return text ? ["message", { from: by ? "person" : "assistant", text, author }] : null;
}
