/** As much of a page's document as the widget's DOM code needs, and a way to read what was built. */

class FakeNode {
  /** @type {FakeElement | null} */
  parent = null;

  /** @param {FakeNode} other */
  replaceWith(other) {
    const siblings = this.parent?.nodes ?? [];
    siblings.splice(siblings.indexOf(this), 1, other);
    other.parent = this.parent;
  }

  remove() {
    const siblings = this.parent?.nodes ?? [];
    siblings.splice(siblings.indexOf(this), 1);
  }
}

class FakeText extends FakeNode {
  /** @param {string} text */
  constructor(text) {
    super();
    this.text = text;
  }
}

class FakeElement extends FakeNode {
  /** @type {FakeNode[]} */
  nodes = [];
  /** @type {Map<string, string>} */
  attributes = new Map();

  /** @param {string} tag */
  constructor(tag) {
    super();
    this.tag = tag;
  }

  /** @returns {FakeElement[]} */
  get children() {
    return this.nodes.filter((node) => node instanceof FakeElement);
  }

  /** @returns {FakeElement | null} */
  get lastElementChild() {
    return this.children.at(-1) ?? null;
  }

  /** @param {(FakeNode | string)[]} nodes */
  append(...nodes) {
    for (const each of nodes) {
      const node = typeof each === "string" ? new FakeText(each) : each;
      node.parent = this;
      this.nodes.push(node);
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }
}

/** Put the document in place, for modules that ask for it when they are called. */
export function installDocument() {
  Object.assign(globalThis, {
    document: {
      createElement: (/** @type {string} */ tag) => new FakeElement(tag),
      createTextNode: (/** @type {string} */ text) => new FakeText(text),
    },
  });
}

/** An element to render into. */
export function container() {
  return /** @type {HTMLElement} */ (/** @type {unknown} */ (new FakeElement("main")));
}

/**
 * Return what was built as HTML, with text escaped: what is markup here is an element there.
 *
 * @param {unknown} node
 * @returns {string}
 */
export function html(node) {
  if (node instanceof FakeText) return node.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  if (!(node instanceof FakeElement)) throw new TypeError("Not a node of this document");
  const inner = node.nodes.map((each) => html(each)).join("");
  if (node.tag === "main") return inner;
  const attributes = [...node.attributes].map(([name, value]) => ` ${name}="${value}"`).join("");
  return `<${node.tag}${attributes}>${inner}</${node.tag}>`;
}
