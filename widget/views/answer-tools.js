/**
 * What can be done with an answer: copy it, and say whether it helped.
 */

import { buildIcon, h, setText } from "../dom.js";

/** @import { AnswerEntry, State, Verdict } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

const CONFIRMATION_MS = 2_000;

export class AnswerTools {
  #context;
  /** @type {AnswerEntry} */
  #entry;
  /** @type {Partial<Record<Verdict, HTMLButtonElement>>} */
  #thumbs = {};
  #note = h("span", { class: "tool-note", "data-testid": "tool-note" });
  #reason = h("div");

  /**
   * @param {Context} context
   * @param {AnswerEntry} entry
   */
  constructor(context, entry) {
    this.#context = context;
    this.#entry = entry;
    const { t } = context;
    const canJudge = entry.seq && entry.by !== "human";
    if (canJudge) {
      this.#thumbs.up = buildButton("thumb", t("helpful"), "judge-up", () => this.#judge("up"));
      this.#thumbs.down = buildButton("thumb", t("not_helpful"), "judge-down", () => this.#judge("down"));
      this.#thumbs.down.classList.add("down");
    }
    // Pages that are not served over HTTPS have no clipboard.
    const copy = navigator.clipboard && buildButton("copy", t("copy"), "copy", () => this.#copy());
    this.nodes = [copy, this.#thumbs.up, this.#thumbs.down, this.#note];
    this.form = this.#reason;
  }

  /**
   * @param {AnswerEntry} entry
   * @param {State} state
   */
  update(entry, { judgements, outcomes }) {
    this.#entry = entry;
    const judgement = judgements[entry.seq ?? 0];
    const outcome = outcomes[judgement?.id ?? ""];
    const refusal = outcome?.type === "error" ? outcome.data.message : "";
    for (const [verdict, thumb] of Object.entries(this.#thumbs)) {
      thumb.setAttribute("aria-pressed", String(!refusal && judgement?.verdict === verdict));
    }
    if (refusal) setText(this.#note, refusal);
  }

  /** @param {Verdict} verdict */
  #judge(verdict, reason = "") {
    if (!this.#entry.seq) return;
    setText(this.#note, verdict === "up" || reason ? this.#context.t("thanks") : "");
    this.#context.actions.judge(this.#entry.seq, verdict, reason);
    this.#reason.replaceChildren();
    if (verdict === "down" && !reason) this.#askReason();
  }

  async #askReason() {
    const part = await this.#context.loadPart(() => import("./reason-form.js"));
    if (!part) return; // The judgement itself is on its way.
    const close = () => {
      this.#reason.replaceChildren();
      this.#thumbs.down?.focus();
    };
    const form = part.buildReasonForm(this.#context.t, {
      onClose: close,
      onReason: (reason) => {
        close();
        this.#judge("down", reason);
      },
    });
    this.#reason.replaceChildren(form);
    form.querySelector("textarea")?.focus();
    form.scrollIntoView({ block: "nearest" });
  }

  async #copy() {
    const { t } = this.#context;
    const isCopied = await navigator.clipboard.writeText(this.#entry.text).then(
      () => true,
      () => false,
    );
    setText(this.#note, isCopied ? t("copied") : "");
    setTimeout(() => setText(this.#note, ""), CONFIRMATION_MS);
  }
}

/**
 * @param {"thumb" | "copy"} icon
 * @param {string} label
 * @param {string} testid
 * @param {() => void} onclick
 */
function buildButton(icon, label, testid, onclick) {
  const attributes = { class: "tool", title: label, "aria-label": label, onclick };
  return h("button", { ...attributes, "data-testid": testid }, buildIcon(icon));
}
