import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../widget/outbox.js";
import { MemoryArea, Store } from "../../widget/store.js";
import { command } from "./frames.js";

const ACK_WITHIN_MS = 1_000;

/**
 * An outbox over a store, with what it transmitted and how often it stalled.
 *
 * @param {{ area?: MemoryArea, isDown?: boolean }} options
 */
function outboxOver({ area = new MemoryArea(), isDown = false } = {}) {
  const store = new Store("studio", { area, tabArea: new MemoryArea() });
  /** @type {string[]} */
  const transmitted = [];
  const seen = { stalls: 0 };
  const outbox = new Outbox({
    store,
    transmit: (frame) => {
      if (!isDown) transmitted.push(frame.id);
      return !isDown;
    },
    onStall: () => {
      seen.stalls += 1;
    },
    ackWithin: ACK_WITHIN_MS,
  });
  return { outbox, store, transmitted, seen };
}

/** @param {Store} store */
const kept = (store) => store.commands().map((frame) => frame.id);

test("nothing is sent before a connection is welcomed, and then only the first", () => {
  const { outbox, transmitted } = outboxOver();
  outbox.add(command("c1"));
  outbox.add(command("c2"));
  assert.deepEqual(transmitted, []);
  outbox.resume();
  assert.deepEqual(transmitted, ["c1"]);
  outbox.pause();
});

test("the next command waits for the answer to the last", () => {
  const { outbox, transmitted } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  outbox.add(command("c2"));
  assert.deepEqual(transmitted, ["c1"]);
  outbox.acceptAnswer("c1");
  assert.deepEqual(transmitted, ["c1", "c2"]);
  outbox.pause();
});

test("an answer to a later command does not send the first again", () => {
  const { outbox, store, transmitted } = outboxOver();
  outbox.resume();
  for (const id of ["c1", "c2", "c3"]) outbox.add(command(id));
  outbox.acceptAnswer("c2");
  assert.deepEqual(transmitted, ["c1"]);
  assert.deepEqual(kept(store).toSorted(), ["c1", "c3"]);
  outbox.acceptAnswer("c1");
  assert.deepEqual(transmitted, ["c1", "c3"]);
  outbox.pause();
});

test("an answer that comes twice settles nothing else", () => {
  const { outbox, transmitted } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  outbox.add(command("c2"));
  outbox.acceptAnswer("c1");
  outbox.acceptAnswer("c1");
  outbox.pause();
  outbox.resume();
  assert.deepEqual(transmitted, ["c1", "c2", "c2"]);
  outbox.pause();
});

test("after a break the unacknowledged command is sent again under the same id", () => {
  const { outbox, transmitted } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  outbox.pause();
  outbox.resume();
  assert.deepEqual(transmitted, ["c1", "c1"]);
  outbox.pause();
});

test("what was not acknowledged survives a reload, and is sent by the next page", () => {
  const area = new MemoryArea();
  const before = outboxOver({ area });
  before.outbox.resume();
  before.outbox.add(command("c1"));
  before.outbox.pause();
  const after = outboxOver({ area });
  assert.deepEqual(after.outbox.restore(), [command("c1")]);
  after.outbox.resume();
  assert.deepEqual(after.transmitted, ["c1"]);
  after.outbox.acceptAnswer("c1");
  assert.deepEqual(kept(after.store), []);
  after.outbox.pause();
});

test("a missing ack is a stall, once the time is over; an ack in time is none", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, seen } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  context.mock.timers.tick(ACK_WITHIN_MS - 1);
  assert.equal(seen.stalls, 0);
  context.mock.timers.tick(1);
  assert.equal(seen.stalls, 1);
  outbox.resume();
  outbox.acceptAnswer("c1");
  context.mock.timers.tick(10 * ACK_WITHIN_MS);
  assert.equal(seen.stalls, 1);
});

test("a closed connection is no stall: it reconnects by itself", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, seen } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  outbox.pause();
  context.mock.timers.tick(10 * ACK_WITHIN_MS);
  assert.equal(seen.stalls, 0);
});

test("what could not go out is kept and no stall is counted", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, store, transmitted, seen } = outboxOver({ isDown: true });
  outbox.resume();
  outbox.add(command("c1"));
  context.mock.timers.tick(10 * ACK_WITHIN_MS);
  assert.deepEqual(transmitted, []);
  assert.deepEqual(kept(store), ["c1"]);
  assert.equal(seen.stalls, 0);
});

test("a command over a limit is kept and sent again under its id, and the later ones wait for it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, store, transmitted, seen } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  outbox.add(command("c2"));
  assert.equal(outbox.postpone("c1", 20 * ACK_WITHIN_MS), true);
  context.mock.timers.tick(20 * ACK_WITHIN_MS - 1);
  assert.deepEqual(transmitted, ["c1"]);
  assert.deepEqual(kept(store).toSorted(), ["c1", "c2"]);
  assert.equal(seen.stalls, 0);
  context.mock.timers.tick(1);
  assert.deepEqual(transmitted, ["c1", "c1"]);
  outbox.acceptAnswer("c1");
  assert.deepEqual(transmitted, ["c1", "c1", "c2"]);
  outbox.pause();
});

test("only what waits can be postponed, and a new connection need not wait", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, transmitted } = outboxOver();
  outbox.resume();
  outbox.add(command("c1"));
  assert.equal(outbox.postpone("other", 1), false);
  outbox.postpone("c1", 20 * ACK_WITHIN_MS);
  outbox.pause();
  outbox.resume();
  assert.deepEqual(transmitted, ["c1", "c1"]);
  outbox.pause();
});
