/**
 * The launcher, which is on every page; what the window adds is loaded with it.
 */

export const launcherCss = /* css */ `
:host {
  /* Opaque, as nobody knows what would show through. */
  --brand: rgb(from var(--stride-chat-brand, #17594e) r g b / 1);
  /* White up to the luminance with which it has a contrast of 4.5 (WCAG 2.2), and black above. */
  --is-dark: clamp(0, (.183 - y) * 9999, 1);
  --on-brand: var(--stride-chat-on-brand, color(from var(--brand) xyz-d65 calc(.9505 * var(--is-dark)) var(--is-dark) calc(1.089 * var(--is-dark))));
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
