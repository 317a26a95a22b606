/**
 * The sheet that shows the visit of a link.
 */

export const visitCss = /* css */ `
.sheet-buttons { display: grid; gap: 8px; }
.sheet-title:focus-visible { outline: none; }
.visit-facts, .visit-live { display: grid; gap: 14px; }
.visit { display: grid; gap: 2px; padding: 18px; border: 1px solid transparent; border-radius: 16px; background: var(--soft); }
.visit-service { font-weight: 600; color: var(--strong); }
.visit .hint { margin-top: 6px; }
.visit-day { font-size: 20px; font-weight: 650; line-height: 1.3; letter-spacing: -.01em; text-wrap: balance; }
.visit-day::first-letter { text-transform: uppercase; }
.visit-time { font-size: 20px; font-variant-numeric: tabular-nums; }
.visit[data-state="cancelled"] { border-color: var(--line); background: none; }
.visit[data-state="cancelled"] :is(.visit-day, .visit-time) { color: var(--muted); text-decoration: line-through; }
`;
