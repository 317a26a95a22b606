/**
 * The menu below the header.
 */

export const menuCss = /* css */ `
.menu {
  position: absolute; z-index: 3; top: calc(100% + 6px); inset-inline-end: 8px; display: grid; gap: 8px;
  max-width: calc(100% - 16px); padding: 8px; border: 1px solid var(--line); border-radius: 14px;
  background: var(--raised); color: var(--text); box-shadow: var(--shadow);
}
.menu :focus-visible { outline-color: var(--strong); outline-offset: 2px; }
.menu p { max-width: 300px; padding: 4px 8px; }
.menu-item { min-height: 44px; padding: 8px 12px; border: 0; border-radius: 10px; background: none; text-align: start; }
.menu-item:hover { background: var(--soft); }
@media (forced-colors: active) { .menu-item { border: 1px solid ButtonText; } }
`;
