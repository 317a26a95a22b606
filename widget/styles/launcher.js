/**
 * The launcher, which is on every page; what the window adds is loaded with it.
 */

export const launcherCss = /* css */ `
:host {
  --brand: var(--stride-chat-brand, #17594e);
  --on-brand: var(--stride-chat-on-brand, #fff);
  --inset: var(--stride-chat-inset, 24px);
  --layer: var(--stride-chat-z-index, 2147483000);
  --shadow: 0 1px 2px rgb(20 30 28 / 8%), 0 12px 40px rgb(20 30 28 / 20%);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.icon { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.launcher, .failure { position: fixed; inset-inline-end: var(--inset); bottom: var(--inset); z-index: var(--layer); box-shadow: var(--shadow); }
.launcher {
  display: grid; place-items: center; width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%;
  background: var(--brand); color: var(--on-brand); cursor: pointer; touch-action: manipulation; transition: transform .18s ease-out;
}
.launcher .icon { width: 28px; height: 28px; }
.launcher:hover { transform: translateY(-2px) scale(1.03); }
.launcher:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px; }
.launcher[aria-busy] .icon { opacity: .6; }
.failure {
  max-width: 280px; margin: 0 0 72px; padding: 10px 14px; border-radius: 14px; background: #fff; color: #1d2422;
  font: 15px/1.5 var(--stride-chat-font, system-ui, sans-serif);
}
.failure:empty { display: none; }
@media (max-width: 520px) { :host { --inset: var(--stride-chat-inset, 16px); } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media (forced-colors: active) { .launcher, .failure { border: 1px solid; } }
`;
