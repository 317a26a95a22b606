/**
 * Makes the ids of our frames: the same id sent again is the same command, so they must be unique for good.
 */

/** Return a fresh id; `crypto.randomUUID` exists only on secure pages, random bytes everywhere. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
