/**
 * Solves a challenge of the server (docs/schemas/server-frame.schema.json). Loaded when the first one comes.
 *
 * The browser derives keys on threads of its own, so the page stays responsive without a worker, which many pages'
 * policies forbid.
 */

/** @import { Challenge } from "./types.d.ts" */

/** Tries at a time: as many as most telephones have fast cores for. */
const TRIES_AT_ONCE = 4;

/**
 * Return what the frame needs as `proof`.
 *
 * @param {Challenge} challenge
 * @param {AbortSignal} signal Ends the search.
 * @returns {Promise<string>} Rejected when it was ended, or when the work is of a kind that is not known here.
 */
export async function solveChallenge(challenge, signal) {
  const { algorithm, cost, keyLength, keyPrefix, ...hex } = challenge.parameters;
  if (algorithm !== "PBKDF2/SHA-256") throw new Error(algorithm);
  const { subtle } = crypto;
  const nonce = decodeHex(hex.nonce);
  const kind = { name: "PBKDF2", hash: "SHA-256", salt: decodeHex(hex.salt), iterations: cost };
  const deriveKey = async (/** @type {number} */ counter) => {
    const password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    return encodeHex(await subtle.deriveBits(kind, key, keyLength * 8));
  };
  for (let first = 0; ; first += TRIES_AT_ONCE) {
    signal.throwIfAborted();
    const keys = await Promise.all(Array.from({ length: TRIES_AT_ONCE }, (_, index) => deriveKey(first + index)));
    const index = keys.findIndex((key) => key.startsWith(keyPrefix));
    if (index >= 0) {
      return btoa(JSON.stringify({ challenge, solution: { counter: first + index, derivedKey: keys[index] } }));
    }
  }
}

/** @param {string} text */
function decodeHex(text) {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

/** @param {ArrayBuffer} bytes */
function encodeHex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
