/**
 * Finds the code in what a visitor typed or pasted, as the server does: a text without one is not sent, so that it
 * costs no attempt.
 */

const CODE_LENGTH = 6;

/**
 * Return the text's code in the digits 0-9; nothing if it holds none, or more than one.
 *
 * @param {string} typed
 */
export function findCode(typed) {
  const text = typed.normalize("NFKC").replace(/[\p{Cf}\p{Pd}\s−.]+/gu, "");
  const codes = (toAsciiDigits(text).match(/[0-9]+/g) ?? []).filter((digits) => digits.length === CODE_LENGTH);
  return codes.length === 1 ? codes[0] : undefined;
}

/**
 * Return a text with the digits of all scripts as 0-9.
 *
 * @param {string} text
 */
export function toAsciiDigits(text) {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, toDigit);
}

/**
 * Return the value of a decimal digit of any script. Unicode has the ten digits of a script one after the other, from
 * zero on; none of the scripts that remain after normalization follows another one without a gap.
 *
 * @param {string} character
 */
function toDigit(character) {
  let zero = /** @type {number} */ (character.codePointAt(0));
  const codePoint = zero;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((codePoint - zero) % 10);
}
