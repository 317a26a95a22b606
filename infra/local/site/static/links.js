/**
 * Turns the web addresses in a text into links; everything else stays text.
 */

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/g;
const END_OF_SENTENCE = /[.,;:!?)'\]]+$/;

/**
 * Return the text as nodes: plain text, and an anchor for each address.
 *
 * @param {string} text
 */
export function linkify(text) {
  /** @type {(string | Node)[]} */
  const nodes = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(END_OF_SENTENCE, "");
    if (!URL.canParse(address)) continue;
    nodes.push(text.slice(end, index), anchor(address));
    end = index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

/** @param {string} address */
function anchor(address) {
  const link = document.createElement("a");
  Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer", textContent: address });
  return link;
}
