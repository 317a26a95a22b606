/**
 * The question before a visit is cancelled.
 */

export const cancelQuestionCss = /* css */ `
.sure { display: grid; gap: 10px; }
.question:focus-visible { outline: none; }
.sheet-foot .sure .row { display: grid; }
.sheet-foot .question { font-weight: 600; }
`;
