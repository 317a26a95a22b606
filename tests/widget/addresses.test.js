import assert from "node:assert/strict";
import { test } from "node:test";

import { findHiddenTarget } from "../../widget/addresses.js";

test("a text that names another host, address or number gets the real one", () => {
  for (const [label, address, hidden] of [
    ["salon.example", "https://evil.example/", "evil.example"],
    ["https://salon.example/pay", "https://evil.example/salon.example", "evil.example"],
    ["Pay at SALON.example now", "https://evil.example/", "evil.example"],
    ["salon.example", "https://salon.example.evil.example/", "salon.example.evil.example"],
    ["salon.example", "https://salon.example:8443/", "salon.example:8443"],
    ["https://salon.example@evil.example/", "https://salon.example@evil.example/", "evil.example"],
    ["salon\u200b.example", "https://evil.example/", "evil.example"],
    ["\uff53alon\u3002example", "https://evil.example/", "evil.example"],
    ["\u202emoc.nolas", "https://evil.example/", "evil.example"],
    ["s\u0430lon.example", "https://s\u0430lon.example/", "xn--slon-53d.example"],
    ["anna@salon.example", "mailto:eve@evil.example", "eve@evil.example"],
    ["anna@salon.example", "https://evil.example/", "evil.example"],
    ["salon.example", "mailto:eve@evil.example", "eve@evil.example"],
    ["+48 512 345 678", "tel:+48700000000", "+48700000000"],
  ]) {
    assert.equal(findHiddenTarget(label ?? "", new URL(address ?? "").href), hidden, label ?? "");
  }
});

test("a text that names the address, or none, needs no second one", () => {
  for (const [label, address] of [
    ["Prices", "https://evil.example/"],
    ["salon.example", "https://www.salon.example/pay"],
    ["https://salon.example/a?b#c", "https://salon.example/a?b#c"],
    ["\u0142\u00f3d\u017a.example", "https://\u0142\u00f3d\u017a.example/"],
    ["anna@Salon.example", "mailto:anna@salon.example"],
    ["Write to us", "mailto:anna@salon.example"],
    ["512 345 678", "tel:+48512345678"],
    ["Call us", "tel:+48512345678"],
  ]) {
    assert.equal(findHiddenTarget(label ?? "", new URL(address ?? "").href), null, label ?? "");
  }
});
