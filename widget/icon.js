/**
 * Draws line icons.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Draw an icon from its lines; it is decoration, the control next to it carries the name.
 *
 * @param {string[]} paths Values of the attribute `d`, in a square of 24 units.
 */
export function drawIcon(paths) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
