/**
 * Bundles the widget's modules: `node infra/bundle_widget.js dist/widget`. For tests, `--sources` names another folder
 * of modules, and `--now` the time of the release.
 *
 * `stride-chat.js` is the loader, at an address that stays. All else is in a folder with the release's name, which is
 * made from the content: these files never change, and a page that was opened before a release finds its files for
 * thirty days after it. `manifest.json` lists the releases, and of each file its size and its hash for
 * Subresource Integrity.
 *
 * What the conversation needs is one file, `chat-window.js`. A part that is imported on demand takes what both need
 * from that file: with files for what is shared, as esbuild splits them, every opening would wait for one more.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

/** @import { BuildOptions, OutputFile, Plugin } from "esbuild" */

/** @typedef {{ bytes: number, gzip: number, brotli: number, integrity: string }} Size */
/** @typedef {{ version: string, built_at: string, replaced_at: string | null, files: Record<string, Size> }} Release */
/** @typedef {{ version: string, loader: Size, releases: Release[] }} Manifest */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sources: { type: "string", default: fileURLToPath(new URL("../widget/", import.meta.url)) },
    now: { type: "string" },
  },
});
const WIDGET = resolve(values.sources);
const LOADER = "stride-chat.js";
/** The types for the developer of a page, and where they are published. */
const TYPES = new URL("../widget/element.d.ts", import.meta.url);
const PUBLISHED_TYPES = "stride-chat.d.ts";
const WINDOW = "chat-window.js";
const KEPT_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** @type {BuildOptions} */
const OPTIONS = {
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  sourcemap: "linked",
  metafile: true,
  write: false,
  outdir: WIDGET,
  outbase: WIDGET,
  logLevel: "warning",
};

/** Style sheets are minified, too: to esbuild they are texts. @type {Plugin} */
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]styles[\\/]\w+\.js$/ }, async ({ path }) => {
      const sheets = Object.entries(await import(pathToFileURL(path).href));
      const lines = sheets.map(async ([name, css]) => {
        const { code } = await transform(css, { loader: "css", minify: true, target: OPTIONS.target, charset: "utf8" });
        return `export const ${name} = ${JSON.stringify(code.trim())};`;
      });
      return { contents: (await Promise.all(lines)).join("\n") };
    });
  },
};

/**
 * Leave what is imported on demand as a file of its own, and collect which files these are.
 *
 * @param {string} entry The file that imports, by its path in the widget.
 * @param {Set<string>} parts
 * @param {string} folder Where the files are from there, such as `./3f2a/`.
 * @returns {Plugin}
 */
function leaveParts(entry, parts, folder = "") {
  return {
    name: "parts",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        if (kind !== "dynamic-import") return null;
        const part = getWidgetPath(join(resolveDir, path));
        parts.add(part);
        return { path: getImportPath(entry, folder + part), external: true };
      });
    },
  };
}

/**
 * Take modules that the window has from the window. With `byModule` the imports tell which module a name is from.
 *
 * @param {string} entry
 * @param {Set<string>} shared
 * @param {{ byModule: boolean }} how
 * @returns {Plugin}
 */
function takeFromWindow(entry, shared, { byModule }) {
  return {
    name: "shared",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        const module = getWidgetPath(join(resolveDir, path));
        if (kind !== "import-statement" || !shared.has(module)) return null;
        return {
          path: byModule ? `window:${module}` : getImportPath(entry, WINDOW),
          external: true,
          sideEffects: false,
        };
      });
    },
  };
}

/** @param {string} path */
const getWidgetPath = (path) => relative(WIDGET, path).replaceAll("\\", "/");

/**
 * @param {string} from
 * @param {string} path
 */
function getImportPath(from, path) {
  const found = posix.relative(posix.dirname(from), path);
  return found.startsWith(".") ? found : `./${found}`;
}

/**
 * Bundle one module of the widget; returns its files by their paths in the release, and the modules in it.
 *
 * @param {string} entry
 * @param {Plugin[]} plugins
 * @param {BuildOptions} options
 */
async function bundle(entry, plugins, options = { entryPoints: [join(WIDGET, entry)] }) {
  const { outputFiles = [], metafile } = await build({ ...OPTIONS, ...options, plugins: [...plugins, styles] });
  const modules = Object.keys(metafile?.inputs ?? {}).map((path) => getWidgetPath(join(process.cwd(), path)));
  return { files: outputFiles, modules };
}

/** Bundle the conversation and everything that is imported on demand, the texts included. */
async function bundleConversation() {
  /** @type {Set<string>} */
  const parts = new Set();
  const { modules } = await bundle(WINDOW, [leaveParts(WINDOW, parts)]);
  const shared = new Set(modules.filter((module) => module !== WINDOW));
  /** @type {Map<string, string>} */
  const exported = new Map();
  const files = [];
  for (const part of parts) {
    const draft = await bundle(part, [leaveParts(part, parts), takeFromWindow(part, shared, { byModule: true })]);
    for (const file of draft.files) collectNames(file, exported);
    const result = await bundle(part, [leaveParts(part, parts), takeFromWindow(part, shared, { byModule: false })]);
    files.push(...result.files);
  }
  const contents = [`export { ChatWindow } from "./${WINDOW}";`];
  for (const [name, module] of exported) contents.push(`export { ${name} } from "./${module}";`);
  const window = await bundle(WINDOW, [leaveParts(WINDOW, parts)], {
    stdin: { contents: contents.join("\n"), resolveDir: WIDGET, sourcefile: "window-exports.js" },
    outdir: undefined,
    outfile: join(WIDGET, WINDOW),
  });
  return [...window.files, ...files];
}

/**
 * Collect which names a part takes from the window.
 *
 * @param {OutputFile} file
 * @param {Map<string, string>} exported
 */
function collectNames({ path, text }, exported) {
  if (!path.endsWith(".js")) return;
  for (const [, names = "", module = ""] of text.matchAll(/import\s*\{([^}]*)\}\s*from\s*"window:([^"]+)"/g)) {
    for (const name of names.split(",").map((each) => each.trim().split(" ")[0] ?? "")) {
      const other = exported.get(name);
      if (other && other !== module) throw new Error(`${other} and ${module} both export ${name}: rename one of them`);
      exported.set(name, module);
    }
  }
}

/**
 * Bundle the loader for a folder in which its parts are.
 *
 * @param {string} folder
 */
async function bundleLoader(folder) {
  /** @type {Set<string>} */
  const parts = new Set();
  const { files } = await bundle(LOADER, [leaveParts(LOADER, parts, folder)]);
  return { files, texts: [...parts].filter((part) => part !== WINDOW) };
}

/**
 * @param {Uint8Array} contents
 * @returns {Size}
 */
function measure(contents) {
  return {
    bytes: contents.length,
    gzip: gzipSync(contents, { level: 9 }).length,
    brotli: brotliCompressSync(contents).length,
    integrity: `sha384-${createHash("sha384").update(contents).digest("base64")}`,
  };
}

/**
 * Write a file at once: a page may be loading it.
 *
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
async function write(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, contents);
  await rename(`${path}.part`, path);
}

/**
 * @param {string} path
 * @returns {Promise<Release[]>}
 */
async function readReleases(path) {
  try {
    return JSON.parse(await readFile(path, "utf8")).releases;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Build a release into a folder, and remove from it those that were replaced more than thirty days ago.
 *
 * @param {string} folder
 * @param {Date} now
 * @returns {Promise<Manifest>}
 */
async function release(folder, now) {
  const { files: pinnedLoader, texts } = await bundleLoader("");
  const textFiles = await Promise.all(texts.map((text) => bundle(text, [])));
  const files = [...pinnedLoader, ...(await bundleConversation()), ...textFiles.flatMap((each) => each.files)];
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash("sha256");
  for (const { path, contents } of files) hash.update(getWidgetPath(path)).update(contents);
  const version = hash.digest("hex").slice(0, 12);

  for (const { path, contents } of files) await write(join(folder, version, getWidgetPath(path)), contents);
  const { files: loader } = await bundleLoader(`${version}/`);
  for (const { path, contents } of loader) await write(join(folder, getWidgetPath(path)), contents);
  await write(join(folder, PUBLISHED_TYPES), await readFile(TYPES));

  const scripts = files.filter(({ path }) => path.endsWith(".js"));
  const before = await readReleases(join(folder, "manifest.json"));
  /** @type {Release[]} */
  const releases = [
    {
      version,
      built_at: before.find((each) => each.version === version)?.built_at ?? now.toISOString(),
      replaced_at: null,
      files: Object.fromEntries(scripts.map(({ path, contents }) => [getWidgetPath(path), measure(contents)])),
    },
  ];
  for (const old of before.filter((each) => each.version !== version)) {
    const replacedAt = old.replaced_at ?? now.toISOString();
    if (now.getTime() - Date.parse(replacedAt) < KEPT_FOR_MS) releases.push({ ...old, replaced_at: replacedAt });
    else await rm(join(folder, old.version), { recursive: true, force: true });
  }
  const main = loader.find(({ path }) => path.endsWith(".js"));
  if (!main) throw new Error("esbuild wrote no loader");
  const manifest = { version, loader: measure(main.contents), releases };
  await write(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

/** @param {Manifest} manifest */
function report({ version, loader, releases }) {
  const rows = Object.entries({ [LOADER]: loader, ...releases[0]?.files });
  const line = (/** @type {string[]} */ cells) =>
    cells.map((cell, index) => (index ? cell.padStart(8) : cell.padEnd(28)));
  const table = rows.map(([path, { bytes, gzip, brotli }]) =>
    line([path, ...[bytes, gzip, brotli].map(String)]).join(""),
  );
  return [
    `The widget's release ${version}, in bytes:`,
    line(["", "raw", "gzip", "brotli"]).join(""),
    ...table,
    `integrity of ${version}/${LOADER}: ${releases[0]?.files[LOADER]?.integrity}`,
  ].join("\n");
}

const [folder] = positionals;
if (!folder) throw new Error("name the folder to write, as in: node infra/bundle_widget.js dist/widget");
process.stdout.write(`${report(await release(folder, values.now ? new Date(values.now) : new Date()))}\n`);
