/**
 * Takes the link from an e-mail out of the page's address: `#stride-cancel=<token>` or `#stride-move=<token>`.
 *
 * The token gives its bearer power over an appointment, so it leaves the address at once: it must not stay in the
 * history, in a bookmark or on a screenshot. Taking it changes nothing: programs that check mail open links too.
 */

/** @import { Link } from "./types.d.ts" */

const LINK = /^#stride-(?<purpose>cancel|move)=(?<token>[^&]*)/;
const TOKEN = /^[A-Za-z0-9_.-]{20,600}$/;

/**
 * Return `{ purpose, token }` (`token` is null if a mail program has damaged it), or null.
 *
 * @param {{ location: Pick<Location, "hash" | "pathname" | "search">, history: Pick<History, "state" | "replaceState"> }} page
 * @returns {Link | null}
 */
export function takeLink({ location, history } = globalThis) {
  const found = LINK.exec(location.hash);
  if (!found?.groups) return null;
  const { purpose, token = "" } = found.groups;
  history.replaceState(history.state, "", location.pathname + location.search);
  return { purpose: purpose === "cancel" ? "cancel" : "move", token: TOKEN.test(token) ? token : null };
}
