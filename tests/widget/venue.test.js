import assert from "node:assert/strict";
import { test } from "node:test";

import { toDialledNumber } from "../../widget/views/venue.js";

test("a link dials a number as it is dialled from where its prefix says", () => {
  for (const [written, dialled] of [
    ["(12) 000-01 40", "120000140"],
    ["+48 12 000 01 40", "+48120000140"],
    ["+49 (0)30 901820", "+4930901820"],
    ["(0)30 901820", "030901820"],
  ]) {
    assert.equal(toDialledNumber(String(written)), dialled);
  }
});
