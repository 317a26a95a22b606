/**
 * The conversation as a value: `reduce(state, frame)` takes one frame and returns the next state. Pure.
 *
 * Durable frames (those with `seq`) are applied once each and in order; one that comes too early waits in
 * `ahead` until the gap before it is filled. What we do ourselves comes in as frames with `local` in place of
 * `type`: `command` (we sent or queued one), `unanswered` (a query timed out), `unsolved` (a challenge was),
 * `reset` (another session), `skip` (give up on a gap).
 */

import {
  applyBooking,
  applyBookingError,
  applyDetails,
  applyUnknown,
  isAboutAppointment,
  isAwaitingVisitor,
  isQuery,
} from "./bookings.js";
import { isChallenge } from "./challenges.js";
import { answerKey, buildDraft, extendDraft } from "./drafts.js";
import { FEEDBACK, keepJudgement } from "./judgements.js";

/**
 * @import {
 *   AppointmentEntry, BookedFrame, Command, Frame, FrameData, LocalFrame, Outcome, Permissions, State,
 *   Unplaced,
 * } from "./types.d.ts"
 */

/** @type {Readonly<State>} */
export const EMPTY = Object.freeze({
  sessionId: null,
  disclosure: "",
  limits: { chat_characters: 4000 },
  lastSeq: 0,
  ahead: {},
  /** What the log shows: `said`, `answer`, `announcement`, `appointment` and `refusal` entries by key. */
  entries: {},
  /** Our own commands by id. */
  commands: {},
  /** The frame that ended a command, by the command's id. */
  outcomes: {},
  /** What links in e-mails allow, by the appointment's id: `{ cancel, move, link }`. */
  visits: {},
  person: null,
  typing: false,
  readSeq: 0,
  /** When durable frames were stored, by `seq`. */
  times: {},
  /** What the visitor thinks of answers, by their `seq`. */
  judgements: {},
  order: 0,
});

/**
 * @param {State} state
 * @param {Frame | LocalFrame} frame
 * @returns {State}
 */
export function reduce(state, frame) {
  if ("local" in frame) return applyLocal(state, frame);
  const { seq } = frame;
  if (!isInteger(seq)) return isForAnotherTab(state, frame) ? state : applyFrame(state, frame);
  if (seq <= state.lastSeq) return state;
  return applyWaitingFrames({ ...state, ahead: { ...state.ahead, [seq]: frame } });
}

/**
 * Whether a frame is an answer that was not stored, to something that another tab or the page before has asked: every
 * tab gets it, but only the one that asked knows what it is about, when it asked and in which language.
 *
 * @param {State} state
 * @param {Frame} frame
 */
export function isForAnotherTab(state, { type, re, seq }) {
  return UNSTORED_ANSWERS.has(type) && !isInteger(seq) && re !== undefined && !state.commands[re];
}

/**
 * Whether a durable frame has come whose predecessor has not.
 *
 * @param {State} state
 */
export function hasGap(state) {
  return Object.keys(state.ahead).length > 0;
}

/** Answers of which only the asking tab takes note; errors that are stored have a `seq`. */
const UNSTORED_ANSWERS = new Set(["booking.slots", "booking.details", "error"]);

/** @type {{ [Name in LocalFrame["local"]]: (state: State, frame: Extract<LocalFrame, { local: Name }>) => State }} */
const LOCAL = {
  command(state, { frame, purpose }) {
    const commands = {
      ...state.commands,
      [frame.id]: { type: frame.type, data: frame.data, purpose, order: state.order },
    };
    // Sent again under the same id after a refusal at the door: the refusal is no longer true.
    const { [frame.id]: _, ...outcomes } = state.outcomes;
    const { [refusalKey(frame.id)]: __, ...entries } = state.entries;
    const next = { ...state, commands, outcomes, entries, judgements: keepJudgement(state, frame) };
    if (frame.type !== "chat.send") return next;
    return putEntry(next, { kind: "said", key: frame.id, re: frame.id, text: frame.data.text ?? "", state: "pending" });
  },
  slow: (state, { id }) => (hasWords(state, id) || isUnsent(state, id) ? state : markSlow(state, id)),
  /** Not the end: an answer that comes late after all takes this outcome's place. */
  unanswered: (state, { id }) => recordOutcome(state, { type: "unanswered", re: id, data: {} }),
  unsolved: (state, { frame }) => applyRefusal(state, frame),
  reset,
  skip(state) {
    const first = Math.min(...Object.keys(state.ahead).map(Number));
    return hasGap(state) ? applyWaitingFrames({ ...state, lastSeq: first - 1 }) : state;
  },
};

/**
 * @param {State} state
 * @param {LocalFrame} frame
 */
function applyLocal(state, frame) {
  const handler = /** @type {(state: State, frame: LocalFrame) => State} */ (LOCAL[frame.local]);
  return handler(state, frame);
}

/**
 * @param {State} state
 * @returns {State}
 */
function reset(state) {
  const pending = Object.values(state.entries).filter((entry) => entry.kind === "said" && entry.state === "pending");
  return {
    ...EMPTY,
    commands: state.commands,
    entries: Object.fromEntries(pending.map((entry) => [entry.key, entry])),
    order: state.order,
  };
}

/**
 * Mark what takes longer than usual, until its next words or its end: the draft of an answer, or the command.
 *
 * @param {State} state
 * @param {string} id
 * @returns {State}
 */
function markSlow(state, id) {
  if (state.outcomes[id]) return state;
  const command = state.commands[id];
  if (state.entries[id]?.kind === "said" || state.entries[answerKey(id)]) {
    return putEntry(state, { ...findDraft(state, id), slow: true });
  }
  return command && !isQuery(command)
    ? { ...state, commands: { ...state.commands, [id]: { ...command, slow: true } } }
    : state;
}

/**
 * @param {State} state
 * @param {string} id
 */
function markCodeLate(state, id) {
  const card = findCard(state, id);
  return card && isAwaitingVisitor(card.stage) ? amendCard(state, { ...card, code_late: true }) : state;
}

/**
 * @param {State} state
 * @param {string} id
 */
function hasWords(state, id) {
  const entry = state.entries[answerKey(id)];
  return entry?.kind === "answer" && entry.text !== "";
}

/**
 * @param {State} state
 * @param {string} id
 */
function isUnsent(state, id) {
  const entry = state.entries[id];
  return entry?.kind === "said" && entry.state === "pending";
}

/** @param {State} state */
function applyWaitingFrames(state) {
  let next = state;
  for (let frame = next.ahead[next.lastSeq + 1]; frame; frame = next.ahead[next.lastSeq + 1]) {
    const seq = next.lastSeq + 1;
    const { [seq]: _, ...ahead } = next.ahead;
    const times = Date.parse(frame.at ?? "") ? { ...next.times, [seq]: frame.at ?? "" } : next.times;
    next = applyFrame({ ...next, ahead, times, lastSeq: seq }, frame);
  }
  return next;
}

/**
 * @param {State} state
 * @param {Frame} frame
 */
function applyFrame(state, frame) {
  if (!Object.hasOwn(HANDLERS, frame.type)) return state;
  const handler = /** @type {((state: State, frame: Frame) => State)} */ (HANDLERS[frame.type]);
  return handler(state, frame); // A type we do not know yet only counts.
}

/** @type {{ [Type in keyof FrameData]?: (state: State, frame: Frame<Type>) => State }} */
const HANDLERS = {
  welcome(state, { data }) {
    const known = state.sessionId !== null && state.sessionId !== data.session_id ? reset(state) : state;
    return {
      ...known,
      ahead: {}, // All that was stored after our last frame follows; what does not come again was none of it.
      sessionId: data.session_id,
      disclosure: data.disclosure ?? "",
      limits: { ...EMPTY.limits, ...data.limits },
    };
  },
  ack(state, frame) {
    if (state.commands[frame.re]?.type === FEEDBACK) return recordOutcome(state, frame); // Nothing else follows.
    const entry = state.entries[frame.re];
    return entry?.kind === "said" && entry.state === "pending"
      ? putEntry(state, { ...entry, state: "accepted" })
      : state;
  },
  "chat.sent"(state, { re, seq, data }) {
    return putEntry(state, { kind: "said", key: re ?? `seq-${seq}`, re, seq, text: data.text, state: "sent" });
  },
  typing(state, { re }) {
    return state.outcomes[re] || state.entries[answerKey(re)] ? state : putEntry(state, buildDraft(re));
  },
  progress: (state, { re, data }) =>
    data.appointment_id ? markCodeLate(state, data.appointment_id) : markSlow(state, re),
  presence: (state, { data }) => ({
    ...state,
    typing: data.typing ?? state.typing,
    readSeq: Math.max(state.readSeq, Number(data.read_seq) || 0),
  }),
  "chat.delta"(state, { re, data }) {
    if (state.outcomes[re]) return state;
    const draft = findDraft(state, re);
    return putEntry(state, { ...draft, ...extendDraft(draft, data), slow: false });
  },
  "chat.final"(state, { re, seq, data }) {
    if (data.announces) return applyAnnouncement(state, { re, seq, data });
    if (data.by === "human") {
      return putEntry(
        { ...state, person: data.author ?? "", typing: false },
        {
          kind: "answer",
          key: `human-${seq}`,
          seq,
          text: data.text,
          streaming: false,
          ...(data.links ? { links: data.links } : {}),
          actions: [],
          by: data.by,
          author: data.author,
        },
      );
    }
    const { [refusalKey(re)]: _, ...entries } = state.entries; // A replay's outcome follows its failure.
    if (!data.text && !data.stopped && !data.actions?.length) {
      // A person reads it; there is nothing to show.
      const { [answerKey(re)]: __, ...others } = entries;
      return recordOutcome({ ...state, entries: others }, { re, type: "chat.final" });
    }
    return recordOutcome(
      putEntry(
        { ...state, entries, person: null },
        {
          kind: "answer",
          key: answerKey(re),
          re,
          seq,
          text: data.text,
          streaming: false,
          stopped: data.stopped === true,
          cut: Boolean(data.cut),
          ...(data.sources?.length ? { sources: data.sources } : {}),
          ...(data.links ? { links: data.links } : {}),
          actions: data.actions ?? [],
        },
      ),
      { re, type: "chat.final" },
    );
  },
  "booking.slots": recordOutcome,
  "booking.pending": (state, frame) => recordOutcome(applyBooked(state, frame), frame),
  "booking.confirmed": (state, frame) => recordOutcome(applyBooked(state, frame), frame),
  "booking.rescheduled": (state, frame) => recordOutcome(applyBooked(state, frame), frame),
  "booking.cancelled": (state, frame) => recordOutcome(applyBooked(state, frame), frame),
  "booking.details"(state, frame) {
    const { re, data } = frame;
    const command = state.commands[re];
    const link = command?.data.link;
    const may = limitPermissions({ cancel: data.can_cancel, move: data.can_reschedule }, command);
    const next = recordOutcome(
      link ? { ...state, visits: { ...state.visits, [data.appointment_id]: may } } : state,
      frame,
    );
    const card = findCard(state, data.appointment_id);
    // Asked before the latest change that we know.
    if (!card || !command || card.touched >= command.order) return next;
    return amendCard(next, applyDetails(card, data, link ? null : may));
  },
  /** A challenge is no news: it is solved, and only one that is not becomes a refusal (`unsolved`). */
  error: (state, frame) => (isChallenge(frame) ? state : applyRefusal(state, frame)),
};

/**
 * A notice of ours ends the command that it answers; one without words, that staff read a further message, only does
 * that.
 *
 * @param {State} state
 * @param {Pick<Frame<"chat.final">, "re" | "seq" | "data">} frame
 */
function applyAnnouncement(state, { re, seq, data: { announces = "", text, author } }) {
  const { [answerKey(re)]: _, [refusalKey(re)]: __, ...entries } = state.entries;
  let { person } = state;
  if (announces === "took_over") person = author ?? "";
  else if (announces === "handed_back") person = null;
  else if (announces === "is_read" || announces === "handover_active") person ??= "";
  const next = recordOutcome(
    { ...state, entries, person, typing: person !== null && state.typing },
    {
      re,
      type: "chat.final",
    },
  );
  return text ? putEntry(next, { kind: "announcement", key: `announcement-${seq}`, re, seq, text, announces }) : next;
}

/**
 * @param {State} state
 * @param {Frame<"error">} frame
 */
function applyRefusal(state, frame) {
  const { re, seq, data } = frame;
  const command = re ? state.commands[re] : undefined;
  const { [answerKey(re)]: _, ...entries } = state.entries;
  const next = recordOutcome({ ...state, entries }, frame);
  // The answer shows what became of a judgement.
  if (command && (isQuery(command) || command.type === FEEDBACK)) {
    return data.code === "UNKNOWN_APPOINTMENT" ? applyUnreachable(next, command) : next;
  }
  if (isAboutAppointment(data, command)) {
    const changed = applyBookingError(next.entries, command, data);
    if (changed) return changed === next.entries[changed.key] ? next : putEntry(next, changed);
    if (command?.data.link) return next; // The sheet of the link shows it.
  }
  const message = re ? state.entries[re] : undefined;
  const after = seq ? undefined : state.lastSeq + 0.5;
  const marked =
    message?.kind === "said" && !message.seq ? putEntry(next, { ...message, state: "failed", after }) : next;
  const key = refusalKey(re ?? `seq-${seq ?? state.order}`);
  return putEntry(marked, { kind: "refusal", key, re, seq, after, error: data, command });
}

/**
 * @param {State} state
 * @param {BookedFrame} frame
 */
function applyBooked(state, frame) {
  const { appointment_id: id } = frame.data;
  const proved = dropUnsolved(state, frame.re);
  const current = frame.type === "booking.pending" ? endOtherHolds(proved, id) : proved;
  return putEntry(current, applyBooking(findCard(state, id), frame, state.visits[id] ?? null));
}

/**
 * A challenge that was shown as a refusal was solved after all, perhaps in another tab.
 *
 * @param {State} state
 * @param {string | undefined} re
 */
function dropUnsolved(state, re) {
  const refusal = state.entries[refusalKey(re)];
  if (refusal?.kind !== "refusal" || refusal.error.code !== "CHALLENGE_REQUIRED") return state;
  const { [refusal.key]: _, ...entries } = state.entries;
  return { ...state, entries };
}

/**
 * A conversation has one hold at most: a newer one replaces it.
 *
 * @param {State} state
 * @param {string} id
 */
function endOtherHolds(state, id) {
  return Object.values(state.entries)
    .filter((entry) => entry.kind === "appointment")
    .filter((card) => card.appointment_id !== id && isAwaitingVisitor(card.stage))
    .reduce((next, card) => amendCard(next, { ...card, stage: "lapsed", problem: null }), state);
}

/**
 * A link serves its one purpose, whatever else may be done with the appointment by other ways.
 *
 * @param {Permissions} may
 * @param {Command | undefined} command
 * @returns {Permissions}
 */
function limitPermissions(may, command) {
  const link = command?.data.link;
  const purpose = command?.purpose;
  return link ? { cancel: may.cancel && purpose === "cancel", move: may.move && purpose === "move", link } : may;
}

/**
 * @param {State} state
 * @param {Command} query
 */
function applyUnreachable(state, { data, order }) {
  const card = findCard(state, data.appointment_id);
  return card && card.touched < order ? amendCard(state, applyUnknown(card)) : state;
}

/**
 * Change what a card says; it is no news, so it keeps its place.
 *
 * @param {State} state
 * @param {AppointmentEntry} card
 * @returns {State}
 */
function amendCard(state, card) {
  return { ...state, entries: { ...state.entries, [card.key]: card } };
}

/**
 * Record what ended a command; the views that wait for it read this.
 *
 * @param {State} state
 * @param {Outcome} frame
 * @returns {State}
 */
function recordOutcome(state, frame) {
  return frame.re ? { ...state, outcomes: { ...state.outcomes, [frame.re]: frame } } : state;
}

/**
 * @param {State} state
 * @param {Unplaced} entry
 * @returns {State}
 */
function putEntry(state, entry) {
  const order = state.entries[entry.key]?.order ?? state.order;
  const stamped = { ...entry, order, touched: state.order };
  return { ...state, order: state.order + 1, entries: { ...state.entries, [entry.key]: stamped } };
}

/**
 * @param {State} state
 * @param {string} re
 */
function findDraft(state, re) {
  const known = state.entries[answerKey(re)];
  return known?.kind === "answer" ? known : buildDraft(re);
}

const refusalKey = (/** @type {string | undefined} */ re) => `refusal-${re}`;

/**
 * @param {State} state
 * @param {string | undefined} id
 */
function findCard(state, id) {
  const entry = state.entries[`appointment-${id}`];
  return entry?.kind === "appointment" ? entry : undefined;
}

/**
 * @param {number | undefined} seq
 * @returns {seq is number}
 */
function isInteger(seq) {
  return Number.isInteger(seq);
}
