/**
 * The log, its bubbles and the field to write in.
 */

export const conversationCss = /* css */ `
.log { position: relative; flex: 1; min-height: 0; }
.scroller { position: relative; height: 100%; overflow-y: auto; overscroll-behavior: contain; padding: 16px; scrollbar-width: thin; outline-offset: -3px; }
.disclosure { display: block; margin: 0 auto 14px; max-width: 34ch; font-size: 13px; line-height: 1.45; text-align: center; color: var(--muted); text-wrap: pretty; }
.greeting { display: grid; gap: 14px; margin: 8px 0 16px; }
.greeting-text { font-size: 22px; font-weight: 650; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
.suggestions { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; }
.suggestion { border-radius: 22px; font-size: 14px; text-align: start; background: var(--surface); border-color: var(--line); }
.entries { display: flex; flex-direction: column; gap: 10px; }
.entries:not(:empty) + .typing { margin-top: 10px; }

.message { max-width: 86%; padding: 9px 14px; border-radius: 18px; overflow-wrap: anywhere; }
.message.said { align-self: flex-end; background: var(--brand); color: var(--on-brand); border-end-end-radius: 6px; }
.message.answer { align-self: flex-start; background: var(--surface); border: 1px solid var(--line); border-end-start-radius: 6px; }
.said-text { white-space: pre-wrap; }
.message.said[data-state="pending"], .message.said[data-state="failed"] { background: color-mix(in srgb, var(--brand) 86%, var(--backdrop)); }
.said-status { display: block; font-size: 12px; text-align: end; }
.said-status:empty { display: none; }
.message.said[data-state="pending"] .said-status { animation: appear 0s .7s backwards; }
@keyframes appear { from { visibility: hidden; } }
.answer-text { white-space: pre-line; }
:where(.answer-text :is(ul, ol, blockquote, pre, hr)) { margin: 0; }
.answer-text > * + *, .answer-text blockquote > * + * { margin-top: 8px; }
.answer-text li > * { margin-top: 3px; }
.answer-text :is(ul, ol) { padding-inline-start: 1.25em; }
.answer-text bdi { font-size: .87em; color: var(--muted); }
.answer-text li + li { margin-top: 3px; }
.answer-text li::marker { color: var(--muted); }
.answer-text a { color: var(--strong); text-underline-offset: 2px; }
.answer-text code { font-size: .92em; padding: 1px 5px; border-radius: 5px; background: var(--backdrop); }
.message[data-state="streaming"] .answer-text > :last-child::after {
  content: ""; display: inline-block; width: 2px; height: 1.05em; margin-inline-start: 3px; vertical-align: -2px; background: var(--strong); animation: pulse 1s infinite;
}
.announcement { align-self: center; max-width: 34ch; padding: 2px 8px; font-size: 13px; line-height: 1.45; text-align: center; color: var(--muted); text-wrap: pretty; overflow-wrap: anywhere; }
.message.read:has(~ .read) .said-status { display: none; }
.by-human { display: block; margin-bottom: 4px; font-size: 12px; font-weight: 600; color: var(--strong); }
.stopped { margin-top: 6px; font-size: 13px; color: var(--muted); }
.message:not(:last-child) .cut .button { display: none; }
.sources { margin-top: 6px; font-size: 12px; color: var(--muted); overflow-wrap: anywhere; }
.offers:not(:empty) { margin: 10px 0 4px; }
.clock { font-size: 12px; }
.said .clock { display: block; text-align: end; }
.clock:empty, .foot:has(> .clock:empty:only-child) { display: none; }
.foot { display: flex; flex-wrap: wrap; align-items: center; margin-top: 4px; color: var(--muted); }
.foot > .clock { margin-inline-end: 6px; }
.tool { position: relative; display: grid; place-items: center; width: 44px; height: 44px; margin-block: -8px; padding: 0; border: 0; background: none; }
.tool::before { content: ""; position: absolute; inset: 8px; border: 1px solid transparent; border-radius: 8px; }
.tool .icon { position: relative; width: 16px; height: 16px; }
.tool.down .icon { transform: rotate(180deg); }
.tool[aria-pressed="true"] { color: var(--strong); }
.tool[aria-pressed="true"]::before { border-color: currentColor; background: var(--soft); }
.tool-note { font-size: 12px; }
.reason { display: grid; gap: 8px; margin-top: 6px; }
.date { align-self: center; font-size: 12px; color: var(--muted); }
.refusal { align-self: stretch; display: grid; gap: 8px; padding: 10px 14px; border-radius: 14px; background: var(--danger-soft); color: var(--danger); font-size: 14px; }
.typing { width: fit-content; padding: 13px 16px; border-radius: 18px; border-end-start-radius: 6px; background: var(--surface); border: 1px solid var(--line); }
.progress { margin: 6px 4px 0; color: var(--muted); font-size: 14px; }
.progress:empty { margin: 0; }
.dots { display: flex; gap: 5px; }
.dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--muted); animation: bounce 1.2s infinite; }
.dots i:nth-child(2) { animation-delay: .15s; }
.dots i:nth-child(3) { animation-delay: .3s; }
@keyframes bounce { 0%, 60%, 100% { transform: none; opacity: .45; } 30% { transform: translateY(-4px); opacity: 1; } }
.newest { position: absolute; inset-inline-end: 16px; bottom: 10px; display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 1px solid var(--line); border-radius: 50%; background: var(--surface); color: var(--strong); box-shadow: 0 2px 10px rgb(20 30 28 / 16%); }

.composer { padding: 10px 12px max(12px, env(safe-area-inset-bottom)); background: var(--surface); border-top: 1px solid var(--line); }
.pills { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 8px; }
.pill { padding: 4px 12px; padding-inline-start: 9px; border-radius: 22px; font-size: 14px; }
.pill .icon { width: 18px; height: 18px; }
.field { display: flex; align-items: flex-end; gap: 8px; }
.field .input { max-height: 132px; min-height: 46px; border-radius: 23px; padding: 10px 16px; line-height: 24px; field-sizing: content; overflow-y: auto; scrollbar-width: thin; }
.send { display: grid; place-items: center; width: 46px; height: 46px; flex: none; padding: 0; border: 0; border-radius: 50%; background: var(--brand); color: var(--on-brand); transition: opacity .15s; }
.send:dir(rtl) .icon { transform: scaleX(-1); }
.send:disabled { background: var(--line); color: var(--muted); opacity: 1; }
.counter { padding: 4px 8px 0; font-size: 13px; text-align: end; color: var(--muted); }
.counter:empty { display: none; }
.counter.over { color: var(--danger); font-weight: 600; }

@media (max-height: 480px) {
  .scroller { height: auto; overflow: visible; }
  .newest { display: none; }
}
`;
