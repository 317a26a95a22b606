/**
 * Reads which question of the business the server has refused an answer to.
 */

/**
 * Return the id of the question that a refusal of the server names, or null.
 *
 * @param {{ detail?: string }} error
 */
export function findRefusedQuestion({ detail = "" }) {
  return /^data\.answers\.([a-z0-9-]+):/.exec(detail)?.[1] ?? null;
}
