/**
 * Where a link may lead, and whether its text says something else. Pure.
 */

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
/** What a reader takes for the name of a host: behind a scheme, or a name with a dot. */
const NAMED_HOST = /(?<=:\/\/)[^\s/?#]+|(?:[\p{L}\p{M}\p{N}-]{1,63}[.。])+[\p{L}\p{M}][\p{L}\p{M}\p{N}-]{1,62}/gu;
const NAMED_EMAIL = /[^\s<>()]+@[^\s<>()]+/g;
const FOREIGN_CHARACTER = /[^\0-\u017f]/;
/** The last digits by which two spellings of a telephone number are compared: one may have the code of the country. */
const PHONE_DIGITS = 9;

/**
 * Return the address if a visitor may be led there, else null: `javascript:` and its kin stay text.
 *
 * @param {string} target
 */
export function sanitizeAddress(target) {
  try {
    const url = new URL(target);
    return SAFE_SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * Return where a link really leads if its text names another host, e-mail address or telephone number; else null.
 *
 * @param {string} label
 * @param {string} address As `sanitizeAddress` returns it.
 */
export function findHiddenTarget(label, address) {
  const { protocol, host, pathname } = new URL(address);
  // Characters that nobody sees would make a name look like another one.
  const visible = label.normalize("NFKC").replaceAll(/\p{C}/gu, "").toLowerCase();
  if (protocol === "tel:") {
    const number = takeDigits(visible);
    return number.length < 5 || number === takeDigits(pathname) ? null : pathname;
  }
  const hosts = visible.match(NAMED_HOST) ?? [];
  if (protocol === "mailto:") {
    const email = pathname.toLowerCase();
    const emails = visible.match(NAMED_EMAIL) ?? hosts;
    return emails.every((each) => each === email) ? null : pathname;
  }
  const isSame = hosts.every((each) => readHost(each) === stripWww(host) && !FOREIGN_CHARACTER.test(each));
  return isSame ? null : host;
}

/** @param {string} text */
function takeDigits(text) {
  return text.replaceAll(/\D/g, "").slice(-PHONE_DIGITS);
}

/** @param {string} name */
function readHost(name) {
  try {
    // What stands before an @ is not the host, though it is read first.
    return name.includes("@") ? "" : stripWww(new URL(`https://${name}`).host);
  } catch {
    return "";
  }
}

/** @param {string} host */
function stripWww(host) {
  return host.replace(/^www\./, "");
}
