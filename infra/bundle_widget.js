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
 *
 * The texts that only such parts use are left out of a language's file, and come with the part from another one. Texts
 * have numbers in place of their names.
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

/**
 * Properties and methods of our own objects that are shortened. None of them is a name of the browser, of the protocol,
 * of what is stored, or of what a page calls: those are words of their own, or written with underscores.
 */
const SHORTENED = `
  acceptAnswer acceptAttribute ackWithin addStyles addVisit answerWithin askForContact askPerson backoffBase backoffMax
  cancelProof cancellationFee changeDeadlineHours checkConnection clearNote closeForm closeVisit contactKinds
  dropCommand dropQuery endSession findDraft findOffer focusCard focusProblem followLanguage followLink goOffline
  hasPast isAsked isEnded isLimited isSlow keepCommand keepDraft keepLocale keepOffer lastSeq loadPart
  markRefused maxElements moveAfter onChange onClose onEnd onFailure onFrame onLimit onMore onNews onNo onOffer onPick onProof
  onReady onRefusal onRepeat onStall onState onTimeout onYes openMenu openWithin outageAfter pingEvery probeWithin
  queryMoreSlots querySlots queryVisit readSeq refuseContact reportedSeq reopensForm requestTranscript scrollToEnd sendAgain
  sendCommand sendQuery serviceName setContactKinds setLocale setQuestions setServices showEnd showFailure showNote
  startWaiting stopAnswer tabArea timeoutMs underWay waitForMore`
  .trim()
  .split(/\s+/);

/** @type {BuildOptions} */
const OPTIONS = {
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  mangleProps: new RegExp(`^(?:${SHORTENED.join("|")})$`),
  // No other property begins with a dollar sign, and all files shorten a name alike.
  mangleCache: Object.fromEntries(SHORTENED.map((name, index) => [name, `$${index.toString(36)}`])),
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
    onLoad({ filter: /[\\/]styles[\\/][\w-]+\.js$/ }, async ({ path }) => {
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

/**
 * Bundle the conversation and everything that is imported on demand.
 *
 * @param {string[]} ids Of the texts.
 */
async function bundleConversation(ids) {
  /** @type {Set<string>} */
  const parts = new Set();
  const { modules } = await bundle(WINDOW, [leaveParts(WINDOW, parts)]);
  const shared = new Set(modules.filter((module) => module !== WINDOW));
  const sources = {
    window: await readSources(modules),
    parts: await readSources(await listPartModules(parts, shared)),
  };
  const { numbers, windowCount } = numberTexts(ids, sources.window, sources.parts);
  const texts = lookUpByNumber(numbers);
  /** @type {Map<string, string>} */
  const exported = new Map();
  const files = [];
  for (const part of parts) {
    const draft = await bundle(part, [
      leaveParts(part, parts),
      takeFromWindow(part, shared, { byModule: true }),
      styles,
      texts,
    ]);
    for (const file of draft.files) collectNames(file, exported);
    const result = await bundle(part, [
      leaveParts(part, parts),
      takeFromWindow(part, shared, { byModule: false }),
      styles,
      texts,
    ]);
    files.push(...result.files);
  }
  const contents = [`export { ChatWindow } from "./${WINDOW}";`];
  for (const [name, module] of exported) contents.push(`export { ${name} } from "./${module}";`);
  const window = await bundle(WINDOW, [leaveParts(WINDOW, parts), styles, texts], {
    stdin: { contents: contents.join("\n"), resolveDir: WIDGET, sourcefile: "window-exports.js" },
    outdir: undefined,
    outfile: join(WIDGET, WINDOW),
  });
  return { files: [...window.files, ...files], sources, numbers, windowCount };
}

/**
 * Return the modules of the parts, and add to `parts` those that parts load.
 *
 * @param {Set<string>} parts
 * @param {Set<string>} shared
 */
async function listPartModules(parts, shared) {
  const found = [];
  for (const part of parts) {
    const plugins = [leaveParts(part, parts), takeFromWindow(part, shared, { byModule: true })];
    found.push(...(await bundle(part, plugins)).modules);
  }
  return [...new Set(found)];
}

/** @param {string[]} modules */
async function readSources(modules) {
  const written = modules.filter((module) => !module.startsWith("locales/"));
  return (await Promise.all(written.map((module) => readFile(join(WIDGET, module), "utf8")))).join("\n");
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

/** A text that is named where it is looked up: `t("code_sent", { contact })`, `t.plural("left", 3)`. */
const LOOKUP = /(?<=\bt(?:\.plural)?\(\s*)"(\w+)"/g;
/** What else looks up a text: by a name that is not there, such as `t(id)`. */
const OTHER_LOOKUP = /\bt(?:\.plural)?\((?!\s*")[^)]*/g;

/**
 * Give the texts numbers that are named where they are looked up: those of the window first, then those of its parts.
 * All others keep their names.
 *
 * @param {string[]} ids
 * @param {string} window The sources of the window.
 * @param {string} parts The sources of its parts.
 */
function numberTexts(ids, window, parts) {
  const named = [window, parts].map((sources) => new Set([...sources.matchAll(LOOKUP)].map(([, id = ""]) => id)));
  const [ofWindow = [], ofParts = []] = named.map((found) => ids.filter((id) => found.has(id)));
  const numbers = new Map([...new Set([...ofWindow, ...ofParts])].map((id, number) => [id, number]));
  for (const [lookup] of `${window}\n${parts}`.matchAll(OTHER_LOOKUP)) {
    const [, id = ""] = /"(\w+)"/.exec(lookup) ?? [];
    if (numbers.has(id)) throw new Error(`${lookup}): look the text up by t("${id}"), as it is elsewhere`);
  }
  return { numbers, windowCount: ofWindow.length };
}

/**
 * Look texts up by their numbers.
 *
 * @param {Map<string, number>} numbers
 * @returns {Plugin}
 */
function lookUpByNumber(numbers) {
  return {
    name: "texts",
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, async ({ path }) => ({
        contents: (await readFile(path, "utf8")).replaceAll(LOOKUP, (name, id) => String(numbers.get(id) ?? name)),
      }));
    },
  };
}

/**
 * Return the files with the texts of a language: those of the conversation, which `loadMore` in it completes with those
 * of its parts.
 *
 * @param {string} path
 * @param {Awaited<ReturnType<typeof bundleConversation>>} conversation
 */
async function bundleTexts(path, { numbers, windowCount, sources }) {
  const { default: texts } = await import(pathToFileURL(join(WIDGET, path)).href);
  const numbered = [...numbers.keys()].map((id) => texts[id]);
  const others = Object.keys(texts).filter((id) => !numbers.has(id));
  const ofWindow = pick(
    texts,
    others.filter((id) => isNamed(sources.window, id)),
  );
  const ofParts = pick(
    texts,
    others.filter((id) => !(id in ofWindow) && isNamed(sources.parts, id)),
  );
  const more = path.replace(/\.js$/, ".parts.js");
  const window = `Object.assign(${JSON.stringify(numbered.slice(0, windowCount))}, ${JSON.stringify(ofWindow)})`;
  /** @type {Record<string, unknown>} */
  const rest = { ...numbered, ...ofParts };
  for (const number of Array(windowCount).keys()) delete rest[number];
  return Promise.all([
    writeTexts(path, `export default ${window}; export const loadMore = () => import("./${posix.basename(more)}");`),
    writeTexts(more, `export default ${JSON.stringify(rest)};`),
  ]);
}

/**
 * @param {Record<string, unknown>} texts
 * @param {string[]} ids
 */
const pick = (texts, ids) => Object.fromEntries(ids.map((id) => [id, texts[id]]));

/**
 * Whether sources name a text, or have a template such as `contact_${kind}` that may.
 *
 * @param {string} sources
 * @param {string} id
 */
function isNamed(sources, id) {
  const starts = [...sources.matchAll(/`(\w+)\$\{/g)].map(([, start = ""]) => start);
  return sources.includes(`"${id}"`) || starts.some((start) => id.startsWith(start));
}

/**
 * @param {string} path
 * @param {string} contents
 */
async function writeTexts(path, contents) {
  const { code } = await transform(contents, { minify: true, charset: "utf8", target: OPTIONS.target });
  return { path: join(WIDGET, path), contents: Buffer.from(code) };
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
  const { default: anyTexts } = await import(pathToFileURL(join(WIDGET, texts[0] ?? "")).href);
  const conversation = await bundleConversation(Object.keys(anyTexts));
  const textFiles = await Promise.all(texts.map((text) => bundleTexts(text, conversation)));
  const files = [...pinnedLoader, ...conversation.files, ...textFiles.flat()];
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
