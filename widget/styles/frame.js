/**
 * Colours, type and controls; the window and its header. What the launcher needs as well is in `launcher.js`.
 * A window that is too short for parts that stay in place scrolls as a whole, as a page does: `max-height: 480px`.
 */

export const frameCss = /* css */ `
:host {
  --radius: var(--stride-chat-radius, 20px);
  --surface: light-dark(#fff, #1b2120);
  --backdrop: light-dark(#f6f5f2, #141918);
  --raised: light-dark(#fff, #252c2a);
  --text: light-dark(#1d2422, #edf1ef);
  --muted: light-dark(#5a6461, #a9b4b0);
  --line: light-dark(#e2e0da, #343d3a);
  --control-line: light-dark(#858d89, #87928e);
  --soft: light-dark(color-mix(in srgb, var(--brand) 9%, #fff), color-mix(in srgb, var(--brand) 38%, #1b2120));
  /* The brand as a text: so dark or so light that its contrast to all surfaces, and to the soft one, is 4.5. */
  --dimmed: min(1, .13 / max(y, .01));
  --strong: light-dark(
    color(from var(--brand) xyz-d65 calc(x * var(--dimmed)) calc(y * var(--dimmed)) calc(z * var(--dimmed))),
    color-mix(in srgb, var(--brand) 35%, #fff)
  );
  --danger: light-dark(#b3261e, #ffb4ab);
  --danger-soft: light-dark(#fcefed, #3a211f);
  font-family: var(--stride-chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif);
  font-size: 15px;
  line-height: 1.5;
  color: var(--text);
  color-scheme: light dark;
}
:host([theme="auto"]) { color-scheme: light dark; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*::before, *::after { box-sizing: border-box; }
p, h2, h3, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
button, input, select, textarea { font: inherit; color: inherit; }
button { cursor: pointer; touch-action: manipulation; }
button:disabled, [aria-disabled="true"] { cursor: default; opacity: .55; }
:focus-visible { outline: 2px solid var(--strong); outline-offset: 2px; }
.icon { width: 20px; height: 20px; flex: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.row:empty { display: none; }
.hint { font-size: 13px; color: var(--muted); }
.hint:empty { display: none; }
.problem { font-size: 14px; color: var(--danger); background: var(--danger-soft); border-radius: 10px; padding: 8px 12px; }
.outage { margin: 0 0 8px; }
.sheet > .outage { margin: 4px 16px; }
.outage:not(.problem) { margin: 0; }
.outage a { color: inherit; font-weight: 600; white-space: nowrap; }
.out-of-reach > :not(.sheet-head, .outage) { display: none; }

.button, .pill, .suggestion {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px;
  min-height: 44px; padding: 8px 16px; border: 1px solid transparent; border-radius: 12px;
  background: var(--brand); color: var(--on-brand); font-weight: 600; text-align: center;
  transition: filter .15s, background-color .15s, border-color .15s;
}
.button:hover:not(:disabled, [aria-disabled="true"]) { filter: brightness(1.08); }
.button.soft, .pill, .suggestion { background: var(--soft); color: var(--strong); }
.button.soft { font-size: 14px; }
.button.soft:hover:not(:disabled), .pill:hover, .suggestion:hover { border-color: var(--strong); filter: none; }
.button.danger { background: var(--danger); color: var(--surface); }
.button.wide { width: 100%; }
.link { min-height: 44px; padding: 4px 2px; border: 0; background: none; color: var(--strong); font-size: 14px; text-decoration: underline; text-underline-offset: 3px; }
.links { gap: 0 18px; }
.icon-button { display: grid; place-items: center; width: 44px; height: 44px; flex: none; padding: 0; border: 0; border-radius: 12px; background: none; }
.onward .icon, .icon-button:dir(rtl) .icon { transform: scaleX(-1); }
.onward:dir(rtl) .icon { transform: none; }
.icon-button:hover { background: rgb(127 127 127 / 16%); }
.input {
  width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--control-line); border-radius: 12px;
  background: var(--raised); resize: none;
}
.input::placeholder { color: var(--muted); opacity: 1; }
.input:focus { outline: 2px solid var(--strong); outline-offset: -1px; border-color: var(--strong); }
.hint.wrong { color: var(--danger); }
.input[aria-invalid="true"] { border-color: var(--danger); outline-color: var(--danger); }

.badge {
  position: absolute; top: -3px; inset-inline-end: -3px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px;
  background: #b3261e; color: #fff; font-size: 12px; font-weight: 700; line-height: 22px; box-shadow: 0 0 0 2px #fff;
}
.panel {
  position: fixed; inset-inline-end: var(--inset); bottom: var(--inset); z-index: var(--layer);
  display: flex; flex-direction: column; overflow: hidden;
  width: min(404px, calc(100vw - 2 * var(--inset))); height: min(680px, calc(100dvh - 2 * var(--inset)));
  border-radius: var(--radius); background: var(--backdrop); box-shadow: var(--shadow); outline: none;
  animation: rise .22s cubic-bezier(.2, .8, .3, 1);
}
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.985); } }
.head { position: relative; z-index: 1; display: flex; align-items: center; gap: 12px; padding: 14px 10px; padding-inline-start: 16px; background: var(--brand); color: var(--on-brand); }
.head :focus-visible { outline-color: currentColor; outline-offset: -3px; }
.avatar { display: grid; place-items: center; width: 40px; height: 40px; flex: none; border-radius: 50%; background: rgb(255 255 255 / 18%); }
.names { flex: 1; min-width: 0; }
.title { font-size: 16px; font-weight: 650; line-height: 1.25; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.status { font-size: 13px; line-height: 1.35; }
.status::before { content: ""; display: inline-block; width: 7px; height: 7px; margin-inline-end: 7px; border-radius: 50%; background: currentColor; vertical-align: 1px; opacity: .55; }
.status[data-state="open"]::before { background: #8ff0b5; opacity: 1; }
.status[data-state="offline"]::before { background: #ffd479; opacity: 1; }
.status:is([data-state="reconnecting"], [data-state="connecting"], [data-state="unreachable"])::before { background: #ffd479; opacity: 1; animation: pulse 1.2s infinite; }
.stage { position: relative; flex: 1; min-height: 0; }
.talk { display: flex; flex-direction: column; height: 100%; }
@keyframes pulse { 50% { opacity: .3; } }

@media (max-width: 520px) {
  .panel { inset: 0; width: auto; height: var(--visible-height, 100dvh); border-radius: 0; bottom: auto; }
  .head { padding-top: max(10px, env(safe-area-inset-top)); padding-bottom: 10px; }
  .input { font-size: 16px; }
}
@media (max-height: 480px) {
  .panel { display: block; inset-block: 0; height: var(--visible-height, 100dvh); overflow-y: auto; overscroll-behavior: contain; border-radius: 0; }
  .stage, .talk { height: auto; }
  .talk[inert], .sheet[inert] { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
}
@media (forced-colors: active) {
  select.input { appearance: auto; background: Field; }
  .panel, .message, .card, .chip, .problem, .badge, .icon-button, .button, .pill, .suggestion { border: 1px solid; }
  .input[aria-invalid="true"] { border-width: 3px; }
  .icon { stroke: currentColor; }
}
`;
