/** Which language the widget speaks, and how its texts are filled in. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chooseLanguage, findLanguage } from "../../widget/language.js";
import { buildTexts } from "../../widget/texts.js";

test("a tag finds its language, also with a region or in capital letters", () => {
  assert.equal(chooseLanguage("en"), "en");
  assert.equal(chooseLanguage("en-GB"), "en");
  assert.equal(chooseLanguage("EN-us-x-private"), "en");
  assert.equal(chooseLanguage("pl-PL"), "pl");
});

test("a language that nobody translated is answered in Polish", () => {
  for (const tag of ["", null, undefined, "qqq", "en_GB", "english", "-", "toString", "__proto__"]) {
    assert.equal(chooseLanguage(tag), "pl");
  }
});

test("names in braces are filled in, and what looks like one in a value stays", () => {
  const t = buildTexts("en", { default: { sent: "We sent it to {contact}, {contact}.", plain: "Send" } });
  assert.equal(t("plain"), "Send");
  assert.equal(t("sent", { contact: "{x} $& $1" }), "We sent it to {x} $& $1, {x} $& $1.");
});

test("a placeholder without a value stays visible", () => {
  assert.equal(buildTexts("en", { default: { now: "At {start}" } })("now"), "At {start}");
});

test("a number takes the plural form of the language", () => {
  const forms = { one: "{count} znak", few: "{count} znaki", many: "{count} znaków", other: "{count} znaku" };
  const t = buildTexts("pl", { default: { left: forms } });
  const texts = [1, 2, 5, 12, 22, 1.5].map((count) => t.plural("left", count));
  assert.deepEqual(texts, ["1 znak", "2 znaki", "5 znaków", "12 znaków", "22 znaki", "1.5 znaku"]);
});

test("a form that a language lacks is the other one", () => {
  assert.equal(buildTexts("pl", { default: { left: { other: "{count}!" } } }).plural("left", 2), "2!");
});

test("a language has its launcher's texts at once, and the others when they are imported", async () => {
  const language = findLanguage("en");
  assert.equal(language.texts.open, "Open chat");
  assert.equal((await language.load()).default.close, "Close chat");
});

test("the texts of parts that are loaded on demand come with them", async () => {
  const t = buildTexts("en", {
    default: { plain: "Send" },
    loadMore: () => Promise.resolve({ default: { menu: "More" } }),
  });
  await t.loadMore();
  assert.deepEqual([t("plain"), t("menu")], ["Send", "More"]);
});
