import assert from "node:assert/strict";
import { test } from "node:test";

import { takeLink } from "../../widget/link.js";

const TOKEN = "abcDEF123._-abcDEF123";

/**
 * Take the link of a page opened at a fragment, and say which address the page has then.
 *
 * @param {string} hash
 */
function openAt(hash) {
  let address = `/contact?lang=pl${hash}`;
  const link = takeLink({
    location: /** @type {Location} */ ({ hash, pathname: "/contact", search: "?lang=pl" }),
    history: /** @type {History} */ ({
      state: null,
      replaceState: (_, __, url) => {
        address = String(url);
      },
    }),
  });
  return { link, address };
}

test("a link gives its purpose and token, and leaves the address at once", () => {
  assert.deepEqual(openAt(`#stride-cancel=${TOKEN}`), {
    link: { purpose: "cancel", token: TOKEN },
    address: "/contact?lang=pl",
  });
  assert.deepEqual(openAt(`#stride-move=${TOKEN}&utm_source=mail`).link, { purpose: "move", token: TOKEN });
});

test("a damaged token is told as such, and leaves the address all the same", () => {
  for (const token of ["", "short", `${TOKEN}%3D`, `${TOKEN}<b>`, "a".repeat(601)]) {
    const { link, address } = openAt(`#stride-cancel=${token}`);
    assert.deepEqual(link, { purpose: "cancel", token: null }, token);
    assert.equal(address, "/contact?lang=pl");
  }
});

test("other fragments are left alone", () => {
  for (const hash of ["", "#prices", `#stride-book=${TOKEN}`, `#x-stride-cancel=${TOKEN}`]) {
    assert.deepEqual(openAt(hash), { link: null, address: `/contact?lang=pl${hash}` });
  }
});
