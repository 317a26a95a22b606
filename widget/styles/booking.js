/**
 * The sheets (booking, the visit of a link) and the appointment's card.
 */

export const bookingCss = /* css */ `
.sheet { position: absolute; inset: 0; display: flex; flex-direction: column; background: var(--surface); animation: slide .2s ease-out; }
@keyframes slide { from { transform: translateX(24px); opacity: 0; } }
.sheet:dir(rtl) { animation: none; }
.sheet-head { display: flex; align-items: center; gap: 4px; padding: 8px; }
.sheet-title { font-size: 18px; font-weight: 650; letter-spacing: -.01em; }
.sheet-body { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; display: flex; flex-direction: column; gap: 18px; padding: 8px 16px 20px; scrollbar-width: thin; }
.sheet-foot { display: grid; gap: 8px; padding: 12px 16px max(14px, env(safe-area-inset-bottom)); border-top: 1px solid var(--line); }
.present { font-size: 14px; color: var(--muted); }
.present::first-letter { text-transform: uppercase; }
.form-field { display: grid; gap: 5px; }
.label { font-size: 14px; font-weight: 600; }
.optional { font-weight: 400; color: var(--muted); }
.details { display: grid; gap: 14px; }
.venue a { display: inline-flex; align-items: center; min-height: 44px; color: inherit; white-space: nowrap; direction: ltr; unicode-bidi: isolate; }
select.input {
  appearance: none; padding-inline-end: 42px; text-overflow: ellipsis; background-repeat: no-repeat;
  background-image: linear-gradient(45deg, transparent 50%, var(--muted) 50%), linear-gradient(-45deg, transparent 50%, var(--muted) 50%);
  background-size: 6px 6px; background-position: right 20px center, right 14px center;
}
select.input:dir(rtl) { background-position: left 14px center, left 20px center; }

.picker { display: grid; gap: 10px; min-width: 0; }
.chip { flex: none; min-height: 44px; padding: 8px 10px; border: 1px solid var(--line); border-radius: 12px; background: var(--raised); text-align: center; transition: border-color .15s, background-color .15s; }
.chip:hover { border-color: var(--strong); }
.chip[aria-checked="true"] { background: var(--brand); border-color: var(--brand); color: var(--on-brand); }
.days { display: flex; gap: 8px; overflow-x: auto; margin: 0 -16px; padding: 3px 16px 6px; scrollbar-width: thin; scroll-padding: 16px; }
.day { display: grid; min-width: 58px; line-height: 1.25; }
.day .weekday, .day .month { font-size: 12px; color: var(--muted); }
.day .number { font-size: 18px; font-weight: 650; }
.day[aria-checked="true"] > * { color: inherit; }
.strip-head { display: flex; align-items: center; margin-bottom: -4px; }
.strip-head .label { flex: 1; }
.icon-button:disabled { visibility: hidden; }
@media (pointer: coarse) { .strip-head .icon-button { display: none; } }
.days > .chips { display: flex; gap: 8px; }
.chips:empty { display: none; }
.more { align-self: stretch; max-width: 96px; color: var(--strong); font-size: 13px; font-weight: 600; line-height: 1.3; background: var(--soft); border-color: transparent; }
.times { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 8px; }
.time { font-weight: 600; font-variant-numeric: tabular-nums; }
.time.wide { grid-column: span 2; }
.day-label:empty { display: none; }
.day-label::first-letter { text-transform: uppercase; }

.card { display: grid; gap: 6px; padding: 16px; border: 1px solid var(--line); border-radius: 18px; background: var(--surface); animation: rise .25s ease-out; }
.card-head { display: flex; align-items: center; gap: 10px; }
.card-icon { display: grid; place-items: center; width: 32px; height: 32px; flex: none; border-radius: 50%; background: var(--soft); color: var(--strong); }
.card[data-stage="confirmed"] { border-color: var(--strong); }
.card[data-stage="confirmed"] .card-icon { background: var(--brand); color: var(--on-brand); }
.card-title { font-size: 16px; font-weight: 650; outline: none; }
.card-service { margin-top: 4px; font-weight: 600; }
.card-when { color: var(--text); }
.hours { display: inline-block; max-width: 100%; }
.card > .row:not(:empty) { margin-top: 4px; }
.card-when::first-letter { text-transform: uppercase; }
.card:is([data-stage="cancelled"], [data-stage="lapsed"], [data-stage="taken"]) .card-when > * { color: var(--muted); text-decoration: line-through; }
.card-note { margin-top: 4px; font-size: 14px; }
.card[data-by="business"] .card-note { margin-top: 8px; padding: 10px 14px; border-radius: 14px; border-start-start-radius: 4px; background: var(--backdrop); }
.card-body { margin-top: 6px; }
.code-entry, .confirmation { display: grid; gap: 10px; justify-items: start; }
.code-row { display: flex; flex-wrap: wrap; gap: 8px; width: 100%; }
.code-row .button { flex: 1 1 140px; }
.input.code { flex: 1 1 132px; width: 132px; font-size: 22px; font-weight: 600; letter-spacing: .18em; text-align: center; font-variant-numeric: tabular-nums; }
.input.code::placeholder { font-weight: 400; opacity: .55; }
.countdown { font-variant-numeric: tabular-nums; }

@media (max-height: 480px) {
  .sheet { position: static; }
  .sheet-body { overflow: visible; }
}
@media (forced-colors: active) {
  .chip[aria-checked="true"] { forced-color-adjust: none; background: SelectedItem; border-color: SelectedItem; color: SelectedItemText; }
}
`;
