import assert from "node:assert/strict";
import { test } from "node:test";

import { QuerySender } from "../../widget/query-sender.js";
import { command } from "./frames.js";

const TIMEOUT_MS = 1_000;

/** A query sender with an open connection, the ids that it transmitted, and the ids that it gave up. */
function connectedSender() {
  /** @type {string[]} */
  const transmitted = [];
  /** @type {string[]} */
  const givenUp = [];
  const sender = new QuerySender({
    transmit: (frame) => {
      transmitted.push(frame.id);
      return true;
    },
    onTimeout: (id) => givenUp.push(id),
    timeoutMs: TIMEOUT_MS,
  });
  sender.resume();
  return { sender, transmitted, givenUp };
}

test("a query without an answer is repeated once under its id, then given up", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, transmitted, givenUp } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  context.mock.timers.tick(TIMEOUT_MS);
  assert.deepEqual(transmitted, ["q1", "q1"]);
  assert.deepEqual(givenUp, []);
  context.mock.timers.tick(TIMEOUT_MS);
  assert.deepEqual(givenUp, ["q1"]);
  context.mock.timers.tick(10 * TIMEOUT_MS);
  assert.deepEqual(transmitted, ["q1", "q1"]);
});

test("only the latest query counts", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, transmitted, givenUp } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  sender.send(command("q2", "booking.slots", {}));
  sender.acceptAnswer("q1");
  context.mock.timers.tick(TIMEOUT_MS);
  context.mock.timers.tick(TIMEOUT_MS);
  assert.deepEqual(transmitted, ["q1", "q2", "q2"]);
  assert.deepEqual(givenUp, ["q2"]);
});

test("an answered or dropped query is not repeated, not even on the next connection", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, transmitted, givenUp } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  sender.acceptAnswer("q1");
  sender.send(command("q2", "booking.slots", {}));
  sender.drop();
  sender.resume();
  context.mock.timers.tick(10 * TIMEOUT_MS);
  assert.deepEqual(transmitted, ["q1", "q2"]);
  assert.deepEqual(givenUp, []);
});

test("a query is repeated on a new connection, at most three times in total", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, transmitted } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  for (let count = 0; count < 5; count += 1) {
    sender.pause();
    sender.resume();
  }
  assert.deepEqual(transmitted, ["q1", "q1", "q1"]);
});

test("the time without a connection does not count towards the timeout", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, givenUp } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  context.mock.timers.tick(TIMEOUT_MS);
  sender.pause();
  context.mock.timers.tick(10 * TIMEOUT_MS);
  assert.deepEqual(givenUp, []);
});

test("a query over a limit is sent again when the server says, as often as any other after that", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { sender, transmitted, givenUp } = connectedSender();
  sender.send(command("q1", "booking.slots", {}));
  assert.equal(sender.postpone("other", 1), false);
  assert.equal(sender.postpone("q1", 5 * TIMEOUT_MS), true);
  context.mock.timers.tick(5 * TIMEOUT_MS - 1);
  assert.deepEqual([transmitted, givenUp], [["q1"], []]);
  context.mock.timers.tick(1);
  context.mock.timers.tick(TIMEOUT_MS);
  assert.deepEqual([transmitted, givenUp], [["q1", "q1", "q1"], []]);
  context.mock.timers.tick(TIMEOUT_MS);
  assert.deepEqual(givenUp, ["q1"]);
});
