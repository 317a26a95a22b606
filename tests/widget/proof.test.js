import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";

import { solveChallenge } from "../../widget/proof.js";

const NONCE = "0f6cf3a1ce6f4a3fb1f3f3c8a1fb4a57";
const SALT = "6a1d5fd2a0f14d6bb2f3f1f6f60a1c0e";
const COST = 10;
const NEVER = new AbortController().signal;

/** @param {number} counter */
function deriveKey(counter) {
  const password = Buffer.concat([Buffer.from(NONCE, "hex"), Buffer.alloc(4)]);
  password.writeUInt32BE(counter, 16);
  return pbkdf2Sync(password, Buffer.from(SALT, "hex"), COST, 32, "sha256").toString("hex");
}

/** @param {string} keyPrefix */
function challengeFor(keyPrefix, algorithm = "PBKDF2/SHA-256") {
  const data = { command: "c".repeat(64), until: 1_801_904_400_000 };
  const parameters = { algorithm, cost: COST, nonce: NONCE, salt: SALT, keyLength: 32, keyPrefix, data };
  return { parameters, signature: "5".repeat(64) };
}

for (const counter of [0, 1, 3, 4, 5, 255, 256]) {
  test(`the key of try ${counter} is found, and sent with the challenge as it came`, async () => {
    const challenge = challengeFor(deriveKey(counter).slice(0, 32));
    const proof = JSON.parse(atob(await solveChallenge(challenge, NEVER)));
    assert.deepEqual(proof, { challenge, solution: { counter, derivedKey: deriveKey(counter) } });
  });
}

test("a search that is given up ends, and does not answer", async () => {
  const controller = new AbortController();
  const search = solveChallenge(challengeFor("f".repeat(32)), controller.signal);
  setTimeout(() => controller.abort(), 5);
  await assert.rejects(search, { name: "AbortError" });
});

test("other work than that of today is not begun", async () => {
  await assert.rejects(solveChallenge(challengeFor("00", "ARGON2ID"), NEVER), /ARGON2ID/);
});

test("the search leaves the page's own thread free", async () => {
  const controller = new AbortController();
  const search = solveChallenge(challengeFor("f".repeat(32)), controller.signal);
  for (let pause = 0; pause < 5; pause += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  controller.abort();
  await assert.rejects(search);
});
