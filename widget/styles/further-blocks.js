/**
 * Quotes, rules, tables and code in an answer.
 */

export const furtherBlocksCss = /* css */ `
.answer-text blockquote { padding-inline-start: 10px; border-inline-start: 3px solid var(--line); }
.answer-text hr { width: 100%; border: 0; border-top: 1px solid var(--line); }
.answer-text .wide { overflow-x: auto; scrollbar-width: thin; outline-offset: -2px; }
.answer-text table { min-width: 100%; width: max-content; border-collapse: collapse; font-size: 14px; }
.answer-text :is(th, td) { max-width: 26ch; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; overflow-wrap: break-word; }
.answer-text tr:last-child td { border-bottom: 0; }
.answer-text [data-end] { text-align: end; }
.answer-text pre { padding: 8px 10px; border-radius: 10px; background: var(--backdrop); white-space: pre; overflow-wrap: normal; font-size: 14px; line-height: 1.4; }
.answer-text pre code { padding: 0; }
`;
