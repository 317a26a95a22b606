import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { countInTitle } from "../../widget/unread-title.js";

const [one, other, page] = [{}, {}, { title: "" }];

beforeEach(() => {
  page.title = "Salon";
  Object.assign(globalThis, { document: page });
});

test("the title says how many are unread, and is as before when none are", () => {
  countInTitle(one, 2);
  assert.equal(page.title, "(2) Salon");
  countInTitle(one, 3);
  assert.equal(page.title, "(3) Salon");
  countInTitle(one, 0);
  assert.equal(page.title, "Salon");
});

test("two widgets are counted together", () => {
  countInTitle(one, 2);
  countInTitle(other, 1);
  assert.equal(page.title, "(3) Salon");
  countInTitle(one, 0);
  assert.equal(page.title, "(1) Salon");
  countInTitle(other, 0);
  assert.equal(page.title, "Salon");
});

test("a title that the page changes meanwhile stays", () => {
  countInTitle(one, 1);
  page.title = "Prices";
  countInTitle(one, 2);
  assert.equal(page.title, "(2) Prices");
  page.title = "Contact";
  countInTitle(one, 0);
  assert.equal(page.title, "Contact");
});
