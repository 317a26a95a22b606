import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, reduce } from "../../widget/conversation.js";
import { hasSlowCommand, timeline } from "../../widget/selectors.js";
import { error, final, sent, welcome } from "./frames.js";

/** @import { Frame, LocalFrame, State } from "../../widget/types.d.ts" */

/** @param {(Frame | LocalFrame)[]} frames */
const after = (...frames) => frames.reduce(reduce, /** @type {State} */ (EMPTY));

test("the time of each durable frame is kept, whatever order they come in", () => {
  const state = after(
    welcome(),
    { ...final("c1", 2), at: "2026-11-24T10:00:05Z" },
    { ...sent("c1", 1), at: "2026-11-24T10:00:00Z" },
    { ...sent("c2", 3), at: "noon" },
  );
  assert.deepEqual(state.times, { 1: "2026-11-24T10:00:00Z", 2: "2026-11-24T10:00:05Z" });
  assert.deepEqual(after(welcome(), { ...sent("c1", 1), at: "2026-11-24T10:00:00Z" }, welcome("s2")).times, {});
});

test("a judgement ends with its ack, a later one takes its place, and a refusal is no entry", () => {
  /** @type {(id: string, verdict: "up" | "down") => LocalFrame} */
  const judge = (id, verdict) => ({
    local: "command",
    frame: { v: 1, type: "chat.feedback", id, data: { re_seq: 2, verdict } },
  });
  const judged = after(welcome(), sent("c1", 1), final("c1", 2), judge("f1", "up"));
  assert.deepEqual(judged.judgements, { 2: { id: "f1", verdict: "up" } });
  assert.ok(hasSlowCommand(reduce(judged, { local: "slow", id: "f1" })));
  const stored = reduce(judged, { type: "ack", re: "f1", data: {} });
  assert.equal(stored.outcomes.f1?.type, "ack");
  assert.ok(!hasSlowCommand(reduce(stored, { local: "slow", id: "f1" })));
  const refused = [judge("f2", "down"), error("f2", "BAD_FRAME")].reduce(reduce, stored);
  assert.equal(refused.judgements[2]?.id, "f2");
  assert.equal(refused.outcomes.f2?.type, "error");
  assert.equal(timeline(refused).length, 2);
});
