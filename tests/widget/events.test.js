/** The page hears of each message, visit, hand-over and refusal once and in order, and nothing that is not for it. */

import assert from "node:assert/strict";
import test from "node:test";

import { describeNews } from "../../widget/events.js";
import { openChat, settle } from "./fake_socket.js";

const VISIT = { appointment_id: "a1", start: "2026-12-01T09:00:00+01:00", service: "cut" };
const END = "2026-12-01T09:30:00+01:00";

/** @type {[any, any][]} */
const DESCRIBED = [
  [{ type: "chat.sent", data: { text: "Hi" } }, ["message", { from: "visitor", text: "Hi" }]],
  [
    { type: "chat.final", data: { text: "Hello", usage: { input_tokens: 1 } } },
    ["message", { from: "assistant", text: "Hello", author: undefined }],
  ],
  [
    { type: "chat.final", data: { text: "Hello", by: "human", author: "Ania" } },
    ["message", { from: "person", text: "Hello", author: "Ania" }],
  ],
  [{ type: "chat.final", data: { text: "" } }, null],
  [{ type: "chat.final", data: { text: "Sent.", announces: "transcript_sent" } }, null],
  [
    { type: "chat.final", data: { text: "Ania is here.", announces: "took_over", author: "Ania" } },
    ["handover", { state: "took_over", author: "Ania" }],
  ],
  ...["handover_requested", "handover_closed", "handover_active", "handed_back"].map(
    (announces) =>
      /** @type {[any, any]} */ ([
        { type: "chat.final", data: { text: "…", announces } },
        ["handover", { state: announces, author: undefined }],
      ]),
  ),
  [
    { type: "booking.confirmed", data: { ...VISIT, end: END, ics: "BEGIN:VCALENDAR", contact: "anna@example.com" } },
    ["booked", { ...VISIT, end: END, by: "visitor", moved: false }],
  ],
  [
    { type: "booking.rescheduled", data: { ...VISIT, end: END, ics: "BEGIN:VCALENDAR", by: "business" } },
    ["booked", { ...VISIT, end: END, by: "business", moved: true }],
  ],
  [{ type: "booking.cancelled", data: VISIT }, ["cancelled", { ...VISIT, end: undefined, by: "visitor" }]],
  [{ type: "booking.pending", data: { ...VISIT, end: END, contact: "a***@e***.com" } }, null],
  [
    { type: "error", data: { code: "SLOT_TAKEN", retryable: false, message: "Taken.", detail: "x", alternatives: [] } },
    ["error", { code: "SLOT_TAKEN", retryable: false, message: "Taken." }],
  ],
  [{ type: "chat.delta", data: { offset: 0, text: "He" } }, null],
  [{ type: "welcome", data: { session_id: "s1", session: "secret" } }, null],
];

test("the detail of an event has what the visitor sees, and no contact, token or file", () => {
  for (const [frame, news] of DESCRIBED) assert.deepEqual(describeNews(frame), news, JSON.stringify(frame));
});

/** @param {number} seq */
const buildAnswer = (seq) => ({ type: "chat.final", seq, re: `c${seq}`, data: { text: `answer ${seq}` } });

/** @param {import("node:test").TestContext} context */
async function openReported(context) {
  const opened = await openChat(context);
  const listNews = () => opened.news.map(({ seq, type }) => seq ?? type);
  return { ...opened, listNews };
}

test("durable frames are told once and in order, also when one comes early and when they come again", async (context) => {
  const { chat, socket, listNews } = await openReported(context);
  socket.welcome();
  socket.say(buildAnswer(2));
  assert.deepEqual(listNews(), []);
  socket.say(buildAnswer(1));
  assert.deepEqual(listNews(), [1, 2]);
  socket.say(buildAnswer(2));
  socket.welcome();
  socket.say(buildAnswer(1));
  socket.say(buildAnswer(3));
  assert.deepEqual(listNews(), [1, 2, 3]);
  assert.equal(chat.store.reportedSeq, 3);
});

test("a gap that the server never fills is passed over at once, however wide it is", async (context) => {
  const { socket, listNews } = await openReported(context);
  for (let round = 0; round < 3; round += 1) {
    socket.welcome();
    socket.say(buildAnswer(2 ** 52));
    await settle();
    context.mock.timers.tick(3_000);
  }
  assert.deepEqual(listNews(), [2 ** 52]);
});

test("the history that a reload brings is no news, and what came while no page was open is", async (context) => {
  const { chat, socket, listNews } = await openReported(context);
  chat.store.reportedSeq = 2;
  socket.welcome();
  for (const seq of [1, 2, 3]) socket.say(buildAnswer(seq));
  assert.deepEqual(listNews(), [3]);
});

test("where a release before has stored no mark, what was seen is no news", async (context) => {
  const { chat, socket, listNews } = await openReported(context);
  chat.store.lastSeq = 1;
  socket.welcome();
  for (const seq of [1, 2]) socket.say(buildAnswer(seq));
  assert.deepEqual(listNews(), [2]);
});

test("a new session begins anew", async (context) => {
  const { chat, socket, listNews } = await openReported(context);
  chat.store.reportedSeq = 7;
  const data = { session_id: "s2", session: "token", resume: "expired", limits: {}, disclosure: "" };
  socket.say({ type: "welcome", re: socket.last.id, data });
  socket.say(buildAnswer(1));
  assert.deepEqual(listNews(), [1]);
  assert.equal(chat.store.reportedSeq, 1);
});

test("a refusal is told, unless it is postponed or a challenge that is solved", async (context) => {
  const { chat, socket, listNews } = await openReported(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("chat.send", { text: "Hello" });
  socket.refuse(id, 500);
  assert.deepEqual(listNews(), []);
  socket.say({ type: "error", re: id, data: { code: "TOO_LARGE", retryable: false, message: "Too long." } });
  assert.deepEqual(listNews(), ["error"]);
});
