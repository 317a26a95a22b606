import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../../widget/connection.js";
import { TIMINGS } from "../../widget/line.js";

test("the wait before another try doubles up to its ceiling, and half of it is random", () => {
  const shortest = [0, 1, 2, 3, 20].map((attempt) => backoff(attempt, TIMINGS, () => 0));
  const longest = [0, 1, 2, 3, 20].map((attempt) => backoff(attempt, TIMINGS, () => 1));
  assert.deepEqual(shortest, [350, 700, 1_400, 2_800, 15_000]);
  assert.deepEqual(longest, [700, 1_400, 2_800, 5_600, 30_000]);
});

test("however long the network is away, the wait stays a number", () => {
  assert.equal(
    backoff(5_000, TIMINGS, () => 1),
    30_000,
  );
});
