/**
 * The questions that the business asks those who book a service: one field each, with a sentence below a wrong answer.
 */

import { findProblem } from "../answers.js";
import { h, setVisible } from "../dom.js";
import { FieldProblem } from "./field-problem.js";

/** @import { Attributes, Question } from "../types.d.ts" */
/** @import { Context } from "../context.js" */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {{ question: Question, control: Control, problem: FieldProblem }} Field */

const MAX_CHARACTERS = 500;
const SHORT_CHARACTERS = 80;

export class QuestionFields {
  #t;
  #rendered = "";
  /** @type {Field[]} */
  #fields = [];
  /**
   * What was typed before its question was asked, or asked again.
   *
   * @type {Record<string, string>}
   */
  #typed = {};

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
    this.#typed = this.texts;
    this.#fields = questions.map((question) => this.#buildField(question));
    this.node.replaceChildren(...this.#fields.map((field) => this.#wrap(field)));
    for (const { question, control } of this.#fields) control.value = this.#typed[question.id] ?? "";
    setVisible(this.node, questions.length > 0);
  }

  /** What was typed, by the ids of the questions: also of those that are not asked now. */
  get texts() {
    return {
      ...this.#typed,
      ...Object.fromEntries(this.#fields.map(({ question, control }) => [question.id, control.value])),
    };
  }

  /**
   * Fill in what is known as soon as it is asked; what was typed stays.
   *
   * @param {Record<string, string> | undefined} answers
   */
  suggest(answers) {
    this.#typed = { ...answers, ...this.texts };
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
    this.focusProblem();
    return true;
  }

  /** Focus the first wrong answer. */
  focusProblem() {
    this.#fields.find(hasProblem)?.problem.reveal();
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
    this.#typed = {};
    for (const { control } of this.#fields) control.value = "";
  }

  /**
   * @param {Question} question
   * @returns {Field}
   */
  #buildField(question) {
    const id = `question-${question.id}`;
    const control = this.#buildControl(question, id);
    const field = { question, control, problem: new FieldProblem(control, `${id}-problem`) };
    control.addEventListener("input", () => field.problem.show(""));
    return field;
  }

  /**
   * @param {Question} question
   * @param {string} id
   * @returns {Control}
   */
  #buildControl({ id: name, kind, required, choices, max_characters: limit }, id) {
    /** @type {Attributes} */
    const attributes = {
      class: "input",
      id,
      required,
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
    return h("div", { class: "form-field" }, label, control, problem.node);
  }

  /**
   * @param {Field} field
   * @param {string | null} sentence Its id.
   */
  #mark({ question, problem }, sentence) {
    const { minimum = "", maximum = "" } = question;
    problem.show(sentence ? this.#t(sentence, { minimum, maximum }) : "");
  }
}

/** @param {Field} field */
function hasProblem({ problem }) {
  return problem.exists;
}
