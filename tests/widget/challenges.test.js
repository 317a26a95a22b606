import assert from "node:assert/strict";
import { test } from "node:test";

import { Challenges } from "../../widget/challenges.js";
import { EMPTY, reduce } from "../../widget/conversation.js";
import { timeline } from "../../widget/selectors.js";
import { openChat, settle } from "./fake_socket.js";
import { booked, command, error } from "./frames.js";

/** @import { ChallengeFrame, Solver } from "../../widget/challenges.js" */
/** @import { Challenge, CommandFrame, Frame } from "../../widget/types.d.ts" */

const CREATE = { start: "2026-11-24T10:00:00+01:00", service: "massage", contact: "anna@example.com" };

/**
 * @param {number} until
 * @returns {Challenge}
 */
function challengeUntil(until) {
  const parameters = {
    algorithm: "PBKDF2/SHA-256",
    cost: 1,
    nonce: "00",
    salt: "00",
    keyLength: 32,
    keyPrefix: "",
    data: { until },
  };
  return { parameters, signature: "5" };
}

/**
 * @param {string} re
 * @param {{ seq?: number, until?: number }} options
 */
function challengeFrame(re, { seq = 1, until = Date.now() + 600_000 } = {}) {
  const frame = error(re, "CHALLENGE_REQUIRED", { seq, retryable: true });
  return /** @type {ChallengeFrame} */ ({ ...frame, data: { ...frame.data, challenge: challengeUntil(until) } });
}

/**
 * Challenges with a solver that the test ends.
 *
 * @param {{ load?: () => Promise<Solver> }} options
 */
function openChallenges({ load } = {}) {
  /** @type {CommandFrame[]} */
  const proved = [];
  /** @type {string[]} */
  const failed = [];
  /** @type {{ solve: (proof: string) => void, fail: () => void, signal: AbortSignal }[]} */
  const searches = [];
  const solver = {
    solveChallenge: (/** @type {Challenge} */ _, /** @type {AbortSignal} */ signal) =>
      new Promise((/** @type {(proof: string) => void} */ solve, fail) => {
        searches.push({ solve, fail: () => fail(new Error("no such work")), signal });
      }),
  };
  const challenges = new Challenges({
    onProof: (frame) => proved.push(frame),
    onFailure: (frame) => failed.push(frame.re),
    load: load ?? (() => Promise.resolve(solver)),
  });
  return { challenges, proved, failed, searches };
}

test("a command that was challenged is sent again with its proof", async () => {
  const { challenges, proved, failed, searches } = openChallenges();
  challenges.accept(challengeFrame("b1"), command("b1", "booking.create", CREATE));
  await settle();
  searches[0]?.solve("proof");
  await settle();
  assert.deepEqual(proved, [{ ...command("b1", "booking.create", CREATE), proof: "proof" }]);
  assert.deepEqual(failed, []);
});

test("the same challenge is solved once, however often it comes", async () => {
  const { challenges, searches } = openChallenges();
  for (let time = 0; time < 3; time += 1) challenges.accept(challengeFrame("b1"), command("b1"));
  await settle();
  assert.equal(searches.length, 1);
  challenges.stop();
});

test("a visitor who cancels ends the search, and nothing is sent", async () => {
  const { challenges, proved, failed, searches } = openChallenges();
  challenges.accept(challengeFrame("b1"), command("b1"));
  await settle();
  challenges.cancel("b1");
  challenges.cancel("b1");
  searches[0]?.solve("proof");
  await settle();
  assert.deepEqual([searches[0]?.signal.aborted, proved, failed], [true, [], ["b1"]]);
});

test("a solver that does not load, or does not know the work, leaves the refusal", async () => {
  const missing = openChallenges({ load: () => Promise.reject(new Error("404")) });
  missing.challenges.accept(challengeFrame("b1"), command("b1"));
  const puzzled = openChallenges();
  puzzled.challenges.accept(challengeFrame("b2"), command("b2"));
  await settle();
  puzzled.searches[0]?.fail();
  await settle();
  assert.deepEqual([missing.failed, puzzled.failed], [["b1"], ["b2"]]);
});

test("a search that takes a minute is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { challenges, failed, searches } = openChallenges();
  challenges.accept(challengeFrame("b1"), command("b1"));
  await settle();
  context.mock.timers.tick(59_999);
  assert.deepEqual(failed, []);
  context.mock.timers.tick(1);
  assert.deepEqual([failed, searches[0]?.signal.aborted], [["b1"], true]);
});

test("the challenge of another tab becomes a refusal unless its outcome comes", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { challenges, failed } = openChallenges();
  challenges.accept(challengeFrame("proved elsewhere"), null);
  challenges.accept(challengeFrame("left"), null);
  challenges.drop("proved elsewhere");
  context.mock.timers.tick(20_000);
  assert.deepEqual(failed, ["left"]);
});

test("a challenge that is over is not solved", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { challenges, failed, searches } = openChallenges();
  challenges.accept(challengeFrame("old", { until: Date.now() - 1 }), command("old"));
  await settle();
  context.mock.timers.tick(0);
  assert.deepEqual([failed, searches], [["old"], []]);
});

/** @param {import("node:test").TestContext} context */
async function challengedChat(context) {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("booking.create", CREATE);
  socket.say({ type: "ack", re: id, data: { state: "accepted" } });
  socket.say(challengeFrame(id));
  return { chat, socket, id };
}

test("hello names the capability", async (context) => {
  const { chat, socket } = await openChat(context);
  assert.ok(socket.sent[0].data.capabilities.includes("challenge"));
  chat.stop();
});

test("a chat proves its command under the same id, and shows nothing of it", async (context) => {
  const { chat, socket, id } = await challengedChat(context);
  assert.deepEqual(chat.store.commands(), [command(id, "booking.create", CREATE)], "for a page that is reloaded");
  while (socket.last.type !== "booking.create" || !socket.last.proof) await settle();
  const { proof, capabilities, ...frame } = socket.last;
  assert.deepEqual(capabilities, ["progress"]);
  assert.deepEqual(frame, command(id, "booking.create", CREATE));
  assert.equal(JSON.parse(atob(proof)).challenge.signature, "5");
  assert.deepEqual([timeline(chat.state), chat.state.outcomes, chat.state.lastSeq], [[], {}, 1]);
  socket.say({ type: "ack", re: id, data: { state: "accepted" } });
  assert.deepEqual(chat.store.commands(), []);
  socket.say(booked("booking.pending", 2, { re: id }));
  assert.equal(chat.state.outcomes[id]?.type, "booking.pending");
  chat.stop();
});

test("a chat that cancels shows the refusal, and forgets the command", async (context) => {
  const { chat, socket, id } = await challengedChat(context);
  chat.cancelProof(id);
  await settle();
  assert.deepEqual([chat.state.outcomes[id]?.type, chat.store.commands()], ["error", []]);
  assert.deepEqual(
    timeline(chat.state).map((entry) => entry.kind),
    ["refusal"],
  );
  assert.ok(socket.sent.every((frame) => !frame.proof));
  chat.stop();
});

test("a command that was not challenged can't be cancelled", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  const id = chat.sendCommand("booking.create", CREATE);
  chat.cancelProof(id);
  assert.deepEqual([chat.state.outcomes, chat.store.commands().length], [{}, 1]);
  chat.stop();
});

test("in a conversation that is read again, a challenge that was solved leaves no trace", async (context) => {
  const { chat, socket } = await openChat(context);
  socket.welcome();
  await settle();
  socket.say(challengeFrame("b1", { until: Date.now() - 1 }));
  socket.say(booked("booking.pending", 2, { re: "b1" }));
  socket.say(challengeFrame("b2", { seq: 3, until: Date.now() - 1 }));
  context.mock.timers.tick(0);
  assert.deepEqual(
    timeline(chat.state).map((entry) => [entry.kind, entry.re]),
    [
      ["appointment", undefined],
      ["refusal", "b2"],
    ],
  );
  chat.stop();
});

test("a proof that comes after the refusal was shown takes its place", () => {
  const frame = challengeFrame("b1");
  const refused = [frame, /** @type {const} */ ({ local: "unsolved", frame })].reduce(reduce, EMPTY);
  assert.equal(timeline(refused).length, 1);
  const proved = reduce(refused, /** @type {Frame} */ (booked("booking.pending", 2, { re: "b1" })));
  assert.deepEqual(
    timeline(proved).map((entry) => entry.kind),
    ["appointment"],
  );
});
