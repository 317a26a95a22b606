/**
 * Shapes that the widget's modules pass to each other. Only the type checker reads this file.
 *
 * What frames hold is in `docs/schemas/server-frame.d.ts`, made from the schemas; of frames that are looked at with less
 * than their contract, or put together, the widget's own shapes name what it uses.
 */

import type {
  BookingDetailsData as DetailsData,
  BookingSlotsData as SlotsData,
  Challenge,
  ErrorData,
  Question,
  ServiceOffer as Service,
  Slot,
} from "../docs/schemas/server-frame.d.ts";

export type { Challenge, DetailsData, ErrorData, Question, Service, Slot, SlotsData };

/** What the visitor thinks of an answer. */
export type Verdict = "up" | "down";

export type ContactKind = "email" | "phone";

/** Where the business is, and how to call it. */
export interface Venue {
  address?: string;
  phone?: string;
}

export interface Action {
  type: string;
  service?: string;
  date?: string;
}

/** A part of an answer, such as a telephone number, of which a link may be made although it has no scheme. */
export interface KnownLink {
  text: string;
  href: string;
}

/** The fields of the four frames after which an appointment has a card. */
export interface BookedData {
  appointment_id: string;
  start: string;
  end?: string;
  service: string;
  expires_at?: string;
  contact?: string;
  contact_kind?: ContactKind;
  /** The code can't be sent at the moment; it will be while the time is held. */
  code_late?: boolean;
  ics?: string;
  /** Until when the visitor can cancel or move the visit; without it, until its start. */
  change_until?: string;
  by?: "visitor" | "business";
}

export interface FrameData {
  welcome: {
    session_id: string;
    session: string;
    resume: "new" | "ok" | "expired";
    disclosure?: string;
    limits?: Partial<Limits>;
    contact?: Contact;
    locale?: string;
  };
  ack: object;
  typing: object;
  /** The id is that of a hold whose code is late; without one the command takes longer. */
  progress: { appointment_id?: string };
  pong: object;
  "session.ended": object;
  "chat.sent": { text: string };
  "chat.delta": { offset: number; text: string };
  /** What a person of the business does; what is absent has not changed. */
  presence: { author?: string; typing?: boolean; read_seq?: number };
  "chat.final": {
    text: string;
    actions?: Action[];
    stopped?: boolean;
    by?: "human";
    /** The display name of the person. */
    author?: string;
    /** Which notice of ours it is; any value, since releases add some. */
    announces?: string;
    cut?: string;
    sources?: string[];
    links?: KnownLink[];
  };
  "booking.slots": SlotsData;
  "booking.pending": BookedData;
  "booking.confirmed": BookedData;
  "booking.rescheduled": BookedData;
  "booking.cancelled": BookedData;
  "booking.details": DetailsData;
  error: ErrorData;
}

export interface Limits {
  chat_characters: number;
}

/** The types that come only as an answer to a frame of ours. */
type Answers = "ack" | "typing" | "progress" | "chat.delta" | "booking.slots" | "booking.details";

/** A frame of the server; `Frame<"error">` is one of that type. `re` is the id of our frame that it answers. */
export type Frame<Type extends keyof FrameData = keyof FrameData> = {
  [Each in Type]: { type: Each; seq?: number; at?: string; data: FrameData[Each] } & (Each extends Answers
    ? { re: string }
    : { re?: string });
}[Type];

export type BookedFrame = Frame<"booking.pending" | "booking.confirmed" | "booking.rescheduled" | "booking.cancelled">;

export interface CommandData {
  text?: string;
  id?: string;
  link?: string;
  appointment_id?: string;
  start?: string;
  service?: string;
  contact?: string;
  name?: string;
  note?: string;
  answers?: Record<string, string>;
  code?: string;
  from?: string;
  days?: number;
  re_seq?: number;
  verdict?: Verdict;
  reason?: string;
}

/** A frame of ours that waits for its answer. */
export interface CommandFrame {
  v: 1;
  type: string;
  id: string;
  data: CommandData;
  /** The solution of the challenge that the server has answered the command with. */
  proof?: string;
  /** What this page understands, as in `hello`. */
  capabilities?: string[];
}

/** Any frame of ours. */
export interface ClientFrame {
  v: 1;
  type: string;
  id: string;
  data: object;
  capabilities?: string[];
}

export interface Command {
  type: string;
  data: CommandData;
  /** What the link in the command is for. */
  purpose?: string;
  /** It takes longer than usual. */
  slow?: boolean;
  order: number;
}

/** What a command ended with; `unanswered`: the query timed out. */
export type Outcome =
  | Frame<Exclude<keyof FrameData, "chat.final">>
  | { type: "chat.final"; re?: string; data?: undefined }
  | { type: "unanswered"; re: string; data: Partial<ErrorData> };

/** What may be done with an appointment; `link` is the token that stands for one of another conversation. */
export interface Permissions {
  cancel: boolean;
  move: boolean;
  link?: string;
}

export type Stage = "pending" | "taken" | "confirmed" | "cancelled" | "lapsed";

interface Placed {
  key: string;
  /** The frame's id that the entry came of. */
  re?: string;
  seq?: number;
  /** Where an entry without `seq` stands among those that have one. */
  after?: number;
  /** When it was first put in, counted in changes of the conversation. */
  order: number;
  /** When it was last changed. */
  touched: number;
}

export interface SaidEntry extends Placed {
  kind: "said";
  text: string;
  state: "pending" | "accepted" | "sent" | "failed";
}

export interface AnswerEntry extends Placed {
  kind: "answer";
  text: string;
  /** The character of the answer at which `text` begins. */
  from?: number;
  streaming: boolean;
  /** It takes longer than usual; until the next words. */
  slow?: boolean;
  stopped?: boolean;
  /** The text is the beginning of a longer answer. */
  cut?: boolean;
  /** The titles of the documents in which the answer was found. */
  sources?: string[];
  links?: KnownLink[];
  actions: Action[];
  by?: "human";
  /** The display name of the person who wrote it. */
  author?: string;
}

/** A notice of ours: who answers from here on, or that a request was received. */
export interface AnnouncementEntry extends Placed {
  kind: "announcement";
  text: string;
  announces: string;
}

export interface AppointmentEntry extends Placed, BookedData {
  kind: "appointment";
  stage: Stage;
  moved: boolean;
  by: "visitor" | "business";
  /** The time before the last move. */
  was: string | null;
  /** How many codes were sent. */
  codes: number;
  may: Permissions | null;
  problem: ErrorData | null;
  /** The type of the command that the problem answers, or null where it is no longer known. */
  heard?: string | null;
}

export interface RefusalEntry extends Placed {
  kind: "refusal";
  error: ErrorData;
  command?: Command;
}

export type Entry = SaidEntry | AnswerEntry | AnnouncementEntry | AppointmentEntry | RefusalEntry;

/** An entry before it has its place. */
export type Unplaced<E extends Entry = Entry> = E extends Entry ? Omit<E, "order" | "touched"> : never;

/** An appointment as a command or the booking form needs it. */
export interface Appointment {
  appointment_id: string;
  start: string;
  service: string;
  stage: Stage | "held";
  may?: Partial<Permissions> | null;
}

export interface State {
  sessionId: string | null;
  disclosure: string;
  limits: Limits;
  lastSeq: number;
  ahead: Record<number, Frame>;
  entries: Record<string, Entry>;
  commands: Record<string, Command>;
  outcomes: Record<string, Outcome>;
  visits: Record<string, Permissions>;
  /** The name of the person who answers, empty if it is not known; null while the assistant answers. */
  person: string | null;
  /** Whether the person writes. */
  typing: boolean;
  /** Up to which `seq` the person has read. */
  readSeq: number;
  /** When each durable frame was stored, by its number. */
  times: Record<number, string>;
  /** The latest judgement of each answer, by its number: the command's id and the verdict. */
  judgements: Record<number, { id: string; verdict: Verdict }>;
  order: number;
}

/** What we do ourselves, as the conversation takes it in. */
export type LocalFrame =
  | { local: "command"; frame: CommandFrame; purpose?: string }
  | { local: "unanswered"; id: string }
  | { local: "unsolved"; frame: Frame<"error"> }
  | { local: "slow"; id: string }
  | { local: "reset" }
  | { local: "skip" };

export interface Offer {
  services: Service[];
  names: Record<string, string>;
  contact_kinds: ContactKind[];
  /** How long before its start a visit can be changed for the last time. */
  change_deadline_hours?: number;
  time_zone?: string;
  address?: string;
  phone?: string;
  cancellation_fee?: string;
}

/** A link of a message to the visitor; `token` is null where the mail program has damaged it. */
export interface Link {
  purpose: "cancel" | "move";
  token: string | null;
}

/** What the booking form opens with. */
export interface BookingRequest {
  service?: string | null;
  date?: string | null;
  slot?: Slot | null;
  appointment?: Appointment | null;
  contact?: string | null;
  /** The time of the visitor's own hold, which is not among the free ones, to be held with another contact. */
  held?: Slot | null;
  /** The kind of contact that is asked for. */
  kind?: ContactKind | null;
}

/** What the visitor has filled in, as the tab keeps it. */
export interface FormDraft {
  service: string;
  start?: string;
  date?: string | null;
  name?: string;
  contact?: string;
  note?: string;
  answers?: Record<string, string>;
  /** The visit that is moved. */
  appointment?: Appointment | null;
  /** The command that was sent and not answered yet. */
  command?: string | null;
  isOpen?: boolean;
}

/** The day or the time that a visitor has in mind. */
export interface TimeRequest {
  date?: string | null;
  start?: string;
  held?: Slot | null;
}

/** The command on an appointment that has not ended yet. */
export type Busy = { id?: string; type: string } | null;

/** `offline`: the browser has no network; `unreachable`: there was no connection for some seconds. */
export type ConnectionState = "idle" | "connecting" | "open" | "reconnecting" | "offline" | "unreachable";

/** How to reach the business without the chat. */
export interface Contact {
  phone?: string;
  email?: string;
}

/** What of `Storage` is used. */
export interface StorageArea {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export type Timer = ReturnType<typeof setTimeout>;

/** A part of the log that shows one entry. */
export interface EntryView<E extends Entry = Entry> {
  node: HTMLElement;
  update(entry: E, state: State): void;
  focus?(): void;
  dispose?(): void;
}

type Value = string | number | boolean | null | undefined;
type Listeners = {
  [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => unknown;
};

/** The attributes that `h` may set; a name that is not listed here is a mistake. */
export interface Attributes extends Listeners {
  [name: `data-${string}` | `aria-${string}`]: Value;
  autocapitalize?: Value;
  autocomplete?: Value;
  class?: Value;
  dir?: Value;
  disabled?: Value;
  download?: Value;
  enterkeyhint?: Value;
  for?: Value;
  hidden?: Value;
  href?: Value;
  id?: Value;
  inputmode?: Value;
  maxlength?: Value;
  novalidate?: Value;
  part?: Value;
  placeholder?: Value;
  rel?: Value;
  required?: Value;
  role?: Value;
  rows?: Value;
  scope?: Value;
  spellcheck?: Value;
  start?: Value;
  tabindex?: Value;
  target?: Value;
  title?: Value;
  type?: Value;
  value?: Value;
}

export type Child = Node | string | null | undefined | false;
