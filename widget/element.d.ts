/**
 * Types of `<stride-chat>` for the developer of a page; published as `stride-chat.d.ts` beside the loader.
 *
 * All events bubble and are composed. Instants are ISO 8601 with an offset. Releases add fields, and values of what is
 * a `string` here.
 */

/** Somebody has written: the visitor, the assistant, or a person of the business. */
export interface StrideChatMessage {
  from: "visitor" | "assistant" | "person";
  /** Of the visitor as it was written, else Markdown. Never insert it as HTML. */
  text: string;
  /** The display name of the person, where it is known. */
  author?: string;
}

/** An appointment is cancelled, and its time is free again. */
export interface StrideChatCancelled {
  appointment_id: string;
  start: string;
  /** Absent where it was cancelled. */
  end?: string;
  /** The id of the service in the profile. */
  service: string;
  /** Who has changed it. */
  by: "visitor" | "business";
}

/** An appointment is confirmed, or has a new time. */
export interface StrideChatBooked extends StrideChatCancelled {
  /** Whether it was moved to this time. */
  moved: boolean;
}

/** A person was asked for, answers, or has handed the conversation back. */
export interface StrideChatHandover {
  /**
   * `handover_requested` (staff know), `handover_closed` (they know, and the business is closed), `handover_active`
   * (a person answers already), `took_over` (a person answers from here on), `handed_back` (the assistant does again).
   */
  state: string;
  /** The display name of the person, where it is known. */
  author?: string;
}

/** The server has refused something, as the visitor is told. */
export interface StrideChatError {
  /** As in the protocol, such as `SLOT_TAKEN` or `MODEL_BUSY`. */
  code: string;
  /** Whether the same may succeed later. */
  retryable: boolean;
  /** A sentence in the visitor's language. */
  message: string;
}

export interface StrideChatEventMap {
  /** The window has opened. */
  "stride-chat-open": CustomEvent<null>;
  /** The window has closed. */
  "stride-chat-close": CustomEvent<null>;
  "stride-chat-message": CustomEvent<StrideChatMessage>;
  "stride-chat-booked": CustomEvent<StrideChatBooked>;
  "stride-chat-cancelled": CustomEvent<StrideChatCancelled>;
  "stride-chat-handover": CustomEvent<StrideChatHandover>;
  "stride-chat-error": CustomEvent<StrideChatError>;
}

/** What the booking form opens with; without it, with the first service and the next free day. */
export interface StrideChatBookingRequest {
  /** The id of the service in the profile. */
  service?: string | null;
  /** A date of the business, as `2026-12-01`. */
  date?: string | null;
}

export class StrideChat extends HTMLElement {
  /** The language that the widget uses now; to set it sets the attribute. */
  locale: string;
  /** Open the window and connect. */
  open(options?: { focus?: boolean }): void;
  /** Close the window. */
  close(): void;
  /** Open the booking form. */
  book(request?: StrideChatBookingRequest): void;

  addEventListener<Name extends keyof StrideChatEventMap>(
    type: Name,
    listener: (this: StrideChat, event: StrideChatEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: HTMLElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "stride-chat": StrideChat;
  }
  /** For listeners on `document`, an element around the widget, or `window`. */
  interface GlobalEventHandlersEventMap extends StrideChatEventMap {}
}
