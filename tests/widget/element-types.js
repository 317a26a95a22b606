/** The types that are published agree with the element; only the type checker reads this. */

/* global document */

/** @import { StrideChat as Published } from "../../widget/element.d.ts" */
/** @import { StrideChat } from "../../widget/stride-chat.js" */

/** @type {(element: StrideChat) => Pick<Published, "locale" | "open" | "close" | "book">} */
export const publish = (element) => element;

/** @param {(text: string) => void} say */
export function useAsPagesDo(say) {
  const chat = document.createElement("stride-chat");
  chat.book({ service: "cut", date: "2026-12-01" });
  chat.open({ focus: false });
  chat.addEventListener("stride-chat-booked", ({ detail }) => say(`${detail.service} ${detail.start} ${detail.moved}`));
  document.addEventListener("stride-chat-message", ({ detail }) => say(detail.author ?? detail.from));
  chat.addEventListener("click", (event) => say(String(event.clientX)));
  // @ts-expect-error There is no such field.
  chat.addEventListener("stride-chat-cancelled", ({ detail }) => say(detail.contact));
  chat.locale = "en";
}
