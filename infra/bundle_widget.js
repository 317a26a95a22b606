/**
 * Bundles the widget's modules into one file: `node infra/bundle_widget.js dist/widget`.
 *
 * A page that loads the modules one by one makes 45 requests. The texts stay files of their own beside the bundle: a
 * visitor loads one language, and a language is added without a build.
 */

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("name the folder to write, as in: node infra/bundle_widget.js dist/widget");

await build({
  entryPoints: [fileURLToPath(new URL("../widget/stride-chat.js", import.meta.url))],
  outdir: folder,
  bundle: true,
  // What is imported on demand is a file of its own.
  splitting: true,
  chunkNames: "[name]",
  external: ["./locales/*"],
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  logLevel: "warning",
});
