/**
 * A notice of ours within the conversation: who answers from here on, or that a request was received.
 */

import { h, setText } from "../dom.js";

/** @import { AnnouncementEntry } from "../types.d.ts" */

export class Announcement {
  node = h("p", { class: "announcement", part: "announcement", "data-testid": "announcement" });

  /** @param {AnnouncementEntry} entry */
  update({ text, announces, seq }) {
    setText(this.node, text);
    this.node.dataset.announces = announces;
    this.node.dataset.seq = String(seq ?? "");
  }
}
