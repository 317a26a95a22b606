/** Made by `make reference` from client-frame.schema.json; do not edit. */

/**
 * A frame that a visitor's client sends. Unknown fields are ignored. White space around a text is taken away before its length is checked. A text has no control characters but line ends and tabs, and neither U+FFFE nor U+FFFF.
 */
export type ClientFrame =
  | BookingCancel
  | BookingCreate
  | BookingLookup
  | BookingReschedule
  | BookingResend
  | BookingSlots
  | BookingVerify
  | ChatFeedback
  | ChatSend
  | ChatStop
  | HandoverRequest
  | Hello
  | Ping
  | SessionEnd
  | TranscriptRequest;

/**
 * Cancels an appointment.
 */
export interface BookingCancel {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.cancel";
  data: BookingCancelData;
}
/**
 * Which appointment to cancel.
 */
export interface BookingCancelData {
  appointment_id?: string | null;
  link?: string | null;
}
/**
 * Holds a time and sends a code.
 */
export interface BookingCreate {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.create";
  data: BookingCreateData;
  proof?: string | null;
}
/**
 * The time, the service and where to send the code.
 */
export interface BookingCreateData {
  start: string;
  contact: string;
  service: string;
  name?: string;
  note?: string;
  answers?: {
    /**
     * This interface was referenced by `undefined`'s JSON-Schema definition
     * via the `patternProperty` "^[a-z0-9-]{1,40}$".
     */
    [k: string]: string;
  } | null;
}
/**
 * Asks how an appointment stands.
 */
export interface BookingLookup {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.lookup";
  data: BookingLookupData;
}
/**
 * Which appointment to show.
 */
export interface BookingLookupData {
  appointment_id?: string | null;
  link?: string | null;
}
/**
 * Moves an appointment.
 */
export interface BookingReschedule {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.reschedule";
  data: BookingRescheduleData;
}
/**
 * Which appointment to move, and where to.
 */
export interface BookingRescheduleData {
  appointment_id?: string | null;
  link?: string | null;
  start: string;
}
/**
 * Asks for another code.
 */
export interface BookingResend {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.resend";
  data: BookingResendData;
}
/**
 * Which hold needs a new code.
 */
export interface BookingResendData {
  appointment_id: string;
}
/**
 * Asks for free times.
 */
export interface BookingSlots {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.slots";
  data?: BookingSlotsData;
}
/**
 * Which free times to list; `from` is a local date of the tenant.
 */
export interface BookingSlotsData {
  service?: string | null;
  from?: string | null;
  days?: number;
}
/**
 * Confirms a held time with its code.
 */
export interface BookingVerify {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "booking.verify";
  data: BookingVerifyData;
}
/**
 * The code that was sent to the contact.
 */
export interface BookingVerifyData {
  appointment_id: string;
  code: string;
}
/**
 * Judges an answer of the assistant; a later judgement replaces it.
 */
export interface ChatFeedback {
  v: 1;
  id: string;
  type: "chat.feedback";
  data: ChatFeedbackData;
}
/**
 * What the visitor thinks of an answer: the number of its `chat.final`, and why.
 */
export interface ChatFeedbackData {
  re_seq: number;
  verdict: "up" | "down";
  reason?: string;
}
/**
 * Sends a message to the assistant.
 */
export interface ChatSend {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "chat.send";
  data: ChatSendData;
}
/**
 * A visitor's message.
 */
export interface ChatSendData {
  text: string;
}
/**
 * Ends a running answer early.
 */
export interface ChatStop {
  v: 1;
  id?: string | null;
  type: "chat.stop";
  data: ChatStopData;
}
/**
 * Which answer to end early: the id of its `chat.send`.
 */
export interface ChatStopData {
  id: string;
}
/**
 * Asks for a person.
 */
export interface HandoverRequest {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "handover.request";
  data?: HandoverRequestData;
}
/**
 * What a person should know, and where the visitor can be reached later; both may be empty.
 */
export interface HandoverRequestData {
  note?: string;
  contact?: string;
}
/**
 * Opens or resumes the conversation on this connection.
 */
export interface Hello {
  v: 1;
  id?: string | null;
  type: "hello";
  data?: HelloData;
}
/**
 * What the client already has, its language and time zone, and what it understands.
 */
export interface HelloData {
  last_seq?: number;
  locale?: string | null;
  tz?: string | null;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
}
/**
 * Keeps an idle connection open.
 */
export interface Ping {
  v: 1;
  id?: string | null;
  type: "ping";
  data?: PingData;
}
/**
 * Nothing.
 */
export interface PingData {}
/**
 * Ends the session and erases its conversation; confirmed appointments stay.
 */
export interface SessionEnd {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "session.end";
  data?: SessionEndData;
}
/**
 * Nothing: the session is the one of the connection.
 */
export interface SessionEndData {}
/**
 * Asks for the conversation by e-mail.
 */
export interface TranscriptRequest {
  v: 1;
  id: string;
  /**
   * @maxItems 20
   */
  capabilities?: string[];
  type: "transcript.request";
  data?: TranscriptRequestData;
}
/**
 * Nothing: a conversation is only sent to a contact that was proved in it.
 */
export interface TranscriptRequestData {}
