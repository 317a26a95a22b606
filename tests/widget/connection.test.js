import assert from "node:assert/strict";
import { test } from "node:test";

import { computeBackoff } from "../../widget/connection.js";
import { TIMINGS } from "../../widget/socket.js";

test("the wait before another try doubles up to its ceiling, and half of it is random", () => {
  const lower = [0, 1, 2, 3, 20].map((attempt) => computeBackoff(attempt, TIMINGS, () => 0));
  const upper = [0, 1, 2, 3, 20].map((attempt) => computeBackoff(attempt, TIMINGS, () => 1));
  assert.deepEqual(lower, [350, 700, 1_400, 2_800, 15_000]);
  assert.deepEqual(upper, [700, 1_400, 2_800, 5_600, 30_000]);
});

test("however long the network is away, the wait stays a number", () => {
  assert.equal(
    computeBackoff(5_000, TIMINGS, () => 1),
    30_000,
  );
});
