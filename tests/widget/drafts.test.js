import assert from "node:assert/strict";
import { test } from "node:test";

import { extendDraft } from "../../widget/drafts.js";

test("a delta goes on where the text ends, or takes back what it says anew", () => {
  assert.deepEqual(extendDraft({ text: "Good" }, { offset: 4, text: " day" }), { from: 0, text: "Good day" });
  assert.deepEqual(extendDraft({ text: "Good day" }, { offset: 5, text: "evening" }), {
    from: 0,
    text: "Good evening",
  });
});

test("the same delta twice is the same text", () => {
  const delta = { offset: 4, text: " day" };
  const once = extendDraft({ text: "Good" }, delta);
  assert.deepEqual(extendDraft(once, delta), once);
});

test("offsets count characters, of which an emoji is one", () => {
  assert.deepEqual(extendDraft({ text: "👋🏽 Hi" }, { offset: 3, text: "Hello" }), { from: 0, text: "👋🏽 Hello" });
});

test("after lost deltas the draft begins afresh where the text is known", () => {
  const fresh = extendDraft({ text: "Good" }, { offset: 40, text: "later" });
  assert.deepEqual(fresh, { from: 40, text: "later" });
  assert.deepEqual(extendDraft(fresh, { offset: 45, text: " on" }), { from: 40, text: "later on" });
  assert.deepEqual(extendDraft(fresh, { offset: 3, text: "earlier" }), { from: 3, text: "earlier" });
});
