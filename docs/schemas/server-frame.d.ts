/** Made by `make reference` from server-frame.schema.json; do not edit. */

/**
 * A frame that the server sends. A client ignores fields and types that it does not know. Frames with a `seq` are durable: numbered per session without gaps, and sent again after a `hello`.
 */
export type ServerFrame =
  | Ack
  | BookingCancelled
  | BookingConfirmed
  | BookingDetails
  | BookingPending
  | BookingRescheduled
  | BookingSlots
  | ChatDelta
  | ChatFinal
  | ChatSent
  | Error
  | Pong
  | Presence
  | Progress
  | SessionEnded
  | Typing
  | Welcome;
/**
 * Why a frame or a command was refused.
 */
export type ErrorCode =
  | "BAD_FRAME"
  | "UNSUPPORTED_TYPE"
  | "TOO_LARGE"
  | "UNAUTHENTICATED"
  | "RATE_LIMITED"
  | "BUDGET_EXCEEDED"
  | "MODEL_BUSY"
  | "TIMEOUT"
  | "SLOT_TAKEN"
  | "INVALID_TIME"
  | "INVALID_CONTACT"
  | "UNKNOWN_SERVICE"
  | "UNKNOWN_APPOINTMENT"
  | "CODE_INVALID"
  | "CODE_EXPIRED"
  | "TOO_MANY_ATTEMPTS"
  | "SESSION_EXPIRED"
  | "CHALLENGE_REQUIRED"
  | "INTERNAL";

/**
 * Answers a command once it is on its queue.
 */
export interface Ack {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "ack";
  data: AckData;
}
/**
 * The command is durably on its queue.
 */
export interface AckData {
  state?: "accepted";
}
/**
 * A cancelled appointment.
 */
export interface BookingCancelled {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.cancelled";
  data: BookingCancelledData;
}
/**
 * The time is free again.
 */
export interface BookingCancelledData {
  appointment_id: string;
  start: string;
  service: string;
  by?: "visitor" | "business";
}
/**
 * A confirmed appointment.
 */
export interface BookingConfirmed {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.confirmed";
  data: BookingConfirmedData;
}
/**
 * The appointment is confirmed.
 */
export interface BookingConfirmedData {
  appointment_id: string;
  start: string;
  end: string;
  service: string;
  ics: string;
  change_until?: string;
}
/**
 * The state of an appointment, not durable because it changes.
 */
export interface BookingDetails {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.details";
  data: BookingDetailsData;
}
/**
 * The state of an appointment, and what can be done with it now.
 */
export interface BookingDetailsData {
  appointment_id: string;
  state: "held" | "confirmed" | "cancelled";
  start: string;
  end: string;
  service: string;
  service_name: string;
  time_zone: string;
  contact: string;
  expires_at?: string;
  price?: string;
  cancellation_fee?: string;
  address?: string;
  phone?: string;
  can_cancel: boolean;
  can_reschedule: boolean;
  change_until?: string;
  ics?: string;
}
/**
 * A hold.
 */
export interface BookingPending {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.pending";
  data: BookingPendingData;
}
/**
 * The time is held until `expires_at`, while the code is awaited.
 */
export interface BookingPendingData {
  appointment_id: string;
  start: string;
  end: string;
  service: string;
  expires_at: string;
  contact: string;
  contact_kind?: "email" | "phone";
  send_number?: number;
  code_late?: boolean;
}
/**
 * An appointment with a new time.
 */
export interface BookingRescheduled {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.rescheduled";
  data: BookingRescheduledData;
}
/**
 * The appointment has a new time.
 */
export interface BookingRescheduledData {
  appointment_id: string;
  start: string;
  end: string;
  service: string;
  ics: string;
  change_until?: string;
  by?: "visitor" | "business";
}
/**
 * Free times, not durable because they change.
 */
export interface BookingSlots {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "booking.slots";
  data: BookingSlotsData;
}
/**
 * Free times in order, and the services that they may be booked for.
 */
export interface BookingSlotsData {
  slots: Slot[];
  services?: ServiceOffer[];
  time_zone: string;
  contact_kinds?: ("email" | "phone")[];
  change_deadline_hours?: number;
  cancellation_fee?: string;
  address?: string;
  phone?: string;
  last_date?: string;
  next_from?: string;
  opens_at?: string;
  calendar_read_at?: string;
}
/**
 * A time that can be booked; both ends carry the tenant's offset.
 */
export interface Slot {
  start: string;
  end: string;
  service: string;
}
/**
 * A service that can be booked, named in the visitor's language.
 */
export interface ServiceOffer {
  id: string;
  name: string;
  duration_minutes: number;
  price?: string;
  questions?: Question[];
}
/**
 * A question of a service, in the visitor's language; `booking.create` has the answer under its id.
 */
export interface Question {
  id: string;
  kind: "text" | "choice" | "number" | "yes_no";
  label: string;
  required: boolean;
  choices?: Choice[];
  minimum?: number;
  maximum?: number;
  max_characters?: number;
}
/**
 * One of the answers to a question of the kind `choice`.
 */
export interface Choice {
  id: string;
  label: string;
}
/**
 * A part of the answer, not durable.
 */
export interface ChatDelta {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "chat.delta";
  data: ChatDeltaData;
}
/**
 * The answer from character `offset` on is `text`.
 */
export interface ChatDeltaData {
  offset: number;
  text: string;
}
/**
 * The answer, durable.
 */
export interface ChatFinal {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "chat.final";
  data: ChatFinalData;
}
/**
 * The whole answer, or an announcement of the backend; it replaces every delta.
 *
 * `announces` says which announcement it is: `took_over` (staff answer from here on),
 * `handed_back` (the assistant answers again), `is_read` (staff read the message that ends here, and
 * the assistant is silent; only the first such message ends with a text), `declined` (the model does not answer
 * this message), `transcript_sent` (the conversation is being sent to the visitor), `handover_requested` (staff know
 * that the visitor asks for a person, and the business is open),
 * `handover_closed` (the same while it is closed; the text says when it opens), or `handover_active` (a person answers
 * already). Releases add values: a value that a client does not know is an announcement, too. Without
 * `announces` it is none, whatever the text says.
 *
 * `cut` says that the text is only the beginning of an answer, and what ended it: `max_tokens` (the longest answer
 * that is allowed) or `deadline` (the time for an answer). A visitor who wants the rest asks for it by a `chat.send`.
 */
export interface ChatFinalData {
  text: string;
  actions?: (OfferBooking | OfferHandover)[];
  usage?: Usage;
  stopped?: boolean;
  by?: "human";
  author?: string;
  announces?:
    | ("took_over" | "handed_back" | "is_read" | "declined")
    | ("handover_requested" | "handover_closed" | "handover_active")
    | "transcript_sent"
    | string;
  cut?: ("max_tokens" | "deadline") | string;
  sources?: string[];
  links?: ContactLink[];
}
/**
 * A suggestion of the model: open the booking form, with these fields filled in if given.
 */
export interface OfferBooking {
  type?: "booking.offer";
  service?: string;
  date?: string;
  start?: string;
}
/**
 * A suggestion of the model: ask for a person. Only the visitor's `handover.request` alerts anybody.
 */
export interface OfferHandover {
  type?: "handover.offer";
}
/**
 * Tokens of one answer.
 */
export interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
}
/**
 * A part of an answer's text that has no scheme, of which a client may make a link, and where that leads.
 */
export interface ContactLink {
  text: string;
  href: string;
}
/**
 * The visitor's message, durable.
 */
export interface ChatSent {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "chat.sent";
  data: ChatSentData;
}
/**
 * What the visitor wrote, as every tab of the session shows it.
 */
export interface ChatSentData {
  text: string;
}
/**
 * A refusal; durable where it ends a command.
 */
export interface Error {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "error";
  data: ErrorData;
}
/**
 * A refusal; `message` is safe to show and in the visitor's language.
 */
export interface ErrorData {
  code: ErrorCode;
  retryable: boolean;
  message: string;
  retry_after_ms?: number;
  detail?: string;
  alternatives?: Slot[];
  appointment_id?: string;
  other_contact_kinds?: ("email" | "phone")[];
  challenge?: Challenge;
}
/**
 * A proof of work (https://altcha.org/docs/v2/proof-of-work); nonce, salt and keys are hexadecimal.
 *
 * The proof is base64 of the JSON object `{"challenge": ..., "solution": {"counter": ..., "derivedKey": "..."}}` with
 * the challenge as it was received.
 */
export interface Challenge {
  parameters: ChallengeParameters;
  signature: string;
}
/**
 * What to compute: the key that PBKDF2 derives with a counter and that begins with `keyPrefix`.
 *
 * The password is the `nonce` and the counter as four bytes, the highest first. Counters are tried from 0 on.
 */
export interface ChallengeParameters {
  algorithm: string;
  cost: number;
  nonce: string;
  salt: string;
  keyLength: number;
  keyPrefix: string;
  keySignature?: string;
  data?: {
    [k: string]: string | number;
  };
}
/**
 * Answers `ping`.
 */
export interface Pong {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "pong";
  data: Nothing;
}
/**
 * No content.
 */
export interface Nothing {}
/**
 * A person writes, or has read; not durable, and only for clients with the capability `presence`.
 */
export interface Presence {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "presence";
  data: PresenceData;
}
/**
 * What a person of the business does; a field that is absent says that nothing has changed.
 */
export interface PresenceData {
  author?: string;
  typing?: boolean;
  read_seq?: number;
}
/**
 * The answer takes longer than usual; not durable, and only for clients with the capability `progress`.
 *
 * With `appointment_id` it is about the code, and the command that asked for it may have its answer already.
 */
export interface Progress {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "progress";
  data: ProgressData;
}
/**
 * What takes longer: the command, or the code that it asked for.
 */
export interface ProgressData {
  appointment_id?: string;
}
/**
 * The visitor has ended the session: its conversation is erased, and a client starts anew, without its token.
 *
 * It is the last frame of the session, and the only one that is kept. The connections are closed after it.
 */
export interface SessionEnded {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "session.ended";
  data: Nothing;
}
/**
 * The assistant has begun to answer.
 */
export interface Typing {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "typing";
  data: Nothing;
}
/**
 * Answers `hello`.
 */
export interface Welcome {
  v: 1;
  re?: string;
  seq?: number;
  at?: string;
  type: "welcome";
  data: WelcomeData;
}
/**
 * The session with the signed token that resumes it, the limits and the disclosure.
 *
 * A client keeps `contact` and `locale`: it needs the first when no welcome comes, and the second on a page in a
 * language that it does not have.
 */
export interface WelcomeData {
  session_id: string;
  session: string;
  resume: "new" | "ok" | "expired";
  limits?: Limits;
  disclosure: string;
  contact?: Contact;
  locale?: string;
}
/**
 * What a client may send.
 */
export interface Limits {
  frame_bytes?: number;
  chat_characters?: number;
}
/**
 * How to reach the business without the chat.
 */
export interface Contact {
  phone?: string;
  email?: string;
}
