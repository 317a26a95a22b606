/**
 * The questions that the business asks those who book a service: one field each, with a sentence below a wrong answer.
 */

import { findProblem } from "../answers.js";
import { h, setText, setVisible } from "../dom.js";

/** @import { Attributes, Question } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {{ question: Question, control: Control, problem: HTMLElement }} Field */

const MAX_CHARACTERS = 500;
const SHORT_CHARACTERS = 80;

export class QuestionFields {
  #t;
  #rendered = "";
  /** @type {Field[]} */
  #fields = [];

  /** @param {Context} context */
  constructor({ t }) {
    this.#t = t;
    this.node = h("div", { class: "details", "data-testid": "questions", hidden: true });
  }

  /**
   * Ask these questions; where they are the same as before, what was typed stays.
   *
   * @param {Question[]} questions
   */
  setQuestions(questions) {
    const rendered = JSON.stringify(questions);
    if (rendered === this.#rendered) return;
    this.#rendered = rendered;
    const typed = this.values();
    this.#fields = questions.map((question) => this.#buildField(question));
    this.node.replaceChildren(...this.#fields.map((field) => this.#wrap(field)));
    for (const { question, control } of this.#fields) control.value = typed[question.id] ?? "";
    setVisible(this.node, questions.length > 0);
  }

  /** Mark each wrong answer, and return whether there is none. */
  check() {
    for (const field of this.#fields) this.#mark(field, findProblem(field.question, field.control.value.trim()));
    return !this.#fields.some(hasProblem);
  }

  /**
   * Mark the answer that the server has refused; return whether the form has its question.
   *
   * @param {string | null} id
   */
  markRefused(id) {
    const field = this.#fields.find(({ question }) => question.id === id);
    if (!field) return false;
    this.#mark(field, field.control.value.trim() ? "answer_invalid" : "answer_missing");
    this.focusFirstProblem();
    return true;
  }

  /** Focus the first wrong answer. The focus alone does not scroll to a field that has it already. */
  focusFirstProblem() {
    const first = this.#fields.find(hasProblem);
    first?.control.focus();
    first?.control.parentElement?.scrollIntoView({ block: "nearest" });
  }

  /**
   * The answers that were given, by the ids of their questions.
   *
   * @returns {Record<string, string>}
   */
  values() {
    const given = this.#fields.map(({ question, control }) => [question.id, control.value.trim()]);
    return Object.fromEntries(given.filter(([, answer]) => answer !== ""));
  }

  clear() {
    for (const { control } of this.#fields) control.value = "";
  }

  /**
   * @param {Question} question
   * @returns {Field}
   */
  #buildField(question) {
    const id = `question-${question.id}`;
    const problem = h("p", { class: "hint wrong", id: `${id}-problem`, hidden: true });
    /** @type {Field} */
    const field = { question, problem, control: this.#buildControl(question, { id, problem }) };
    field.control.addEventListener("input", () => this.#mark(field, null));
    return field;
  }

  /**
   * @param {Question} question
   * @param {{ id: string, problem: HTMLElement }} parts
   * @returns {Control}
   */
  #buildControl({ id: name, kind, required, choices, max_characters: limit }, { id, problem }) {
    /** @type {Attributes} */
    const attributes = {
      class: "input",
      id,
      required,
      "aria-describedby": problem.id,
      "data-testid": `answer-${name}`,
    };
    const options = kind === "yes_no" ? ["yes", "no"].map((each) => ({ id: each, label: this.#t(each) })) : choices;
    if (kind === "choice" || kind === "yes_no") {
      return h(
        "select",
        attributes,
        h("option", { value: "" }, this.#t("choose_answer")),
        ...(options ?? []).map((option) => h("option", { value: option.id }, option.label)),
      );
    }
    if (kind === "number") return h("input", { ...attributes, type: "text", inputmode: "numeric", maxlength: "14" });
    const characters = limit ?? MAX_CHARACTERS;
    return characters <= SHORT_CHARACTERS
      ? h("input", { ...attributes, type: "text", maxlength: String(characters) })
      : h("textarea", { ...attributes, rows: "2", maxlength: String(characters) });
  }

  /** @param {Field} field */
  #wrap({ question, control, problem }) {
    const optional = question.required ? null : h("span", { class: "optional" }, ` (${this.#t("optional")})`);
    const label = h("label", { class: "label", for: control.id }, question.label, optional);
    return h("div", { class: "form-field" }, label, control, problem);
  }

  /**
   * @param {Field} field
   * @param {string | null} problem The id of a sentence.
   */
  #mark({ question, control, problem: node }, problem) {
    const { minimum = "", maximum = "" } = question;
    setText(node, problem ? this.#t(problem, { minimum, maximum }) : "");
    setVisible(node, problem !== null);
    if (problem) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

/** @param {Field} field */
function hasProblem({ control }) {
  return control.hasAttribute("aria-invalid");
}
