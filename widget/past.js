/**
 * Where a tenant's entries are in the browser's storage, and whether there is a conversation to come back to.
 */

/** @import { StorageArea } from "./types.d.ts" */

/** @param {string} tenant */
export const getPrefix = (tenant) => `stride-chat/${tenant}/`;

/**
 * Return the business's own language, as the last welcome said, or null.
 *
 * @param {string | null} tenant
 */
export function findTenantLanguage(tenant) {
  try {
    return localStorage.getItem(`${getPrefix(tenant ?? "")}locale`);
  } catch {
    return null;
  }
}

/**
 * Whether the conversation has to be loaded before the visitor asks for it: it was open in this tab, words were not
 * acknowledged, or it has begun (there may be an answer that nobody has read: only the server knows).
 *
 * @param {string} tenant
 * @param {{ localStorage: StorageArea, sessionStorage: StorageArea }} areas
 */
export function hasPast(tenant, areas = globalThis) {
  const prefix = getPrefix(tenant);
  try {
    const { localStorage: area, sessionStorage: tabArea } = areas;
    const keys = Array.from({ length: area.length }, (_, index) => area.key(index));
    return (
      area.getItem(`${prefix}session`) !== null ||
      tabArea.getItem(`${prefix}open`) === "yes" ||
      keys.some((key) => key?.startsWith(`${prefix}out/`))
    );
  } catch {
    return false; // Storage is closed to us: nothing was kept.
  }
}
