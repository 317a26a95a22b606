import assert from "node:assert/strict";
import { test } from "node:test";

import { findCode } from "../../widget/codes.js";

test("a code is found in any usual spelling", () => {
  for (const typed of ["123456", " 123 456 ", "123-456", "12.34.56", "1–2—3‑4−56", "code: 123456", "123456, 15 min"]) {
    assert.equal(findCode(typed), "123456", typed);
  }
});

test("digits of every script count, invisible characters do not", () => {
  for (const typed of ["１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६", "𝟏𝟐𝟑𝟒𝟓𝟔", "\u2067123\u200b456\u2069"]) {
    assert.equal(findCode(typed), "123456", typed);
  }
});

test("all decimal digits of Unicode have their value", () => {
  const digits = Array.from({ length: 0x20000 }, (_, point) => point).filter(
    (point) => !(point >= 0xd800 && point < 0xe000) && /\p{Nd}/u.test(String.fromCodePoint(point)),
  );
  assert.ok(digits.length >= 600 && digits.length % 10 === 0);
  for (let zero = 0; zero < digits.length; zero += 10) {
    const six = String.fromCodePoint(...digits.slice(zero + 1, zero + 7));
    assert.equal(findCode(six), "123456", six);
  }
});

test("a text that holds no code, or two, is not sent", () => {
  for (const typed of ["", " ", "code", "12345", "1234567", "12345x", "123456,654321", "1234.56.7", "١٢٣"]) {
    assert.equal(findCode(typed), undefined, typed);
  }
});
