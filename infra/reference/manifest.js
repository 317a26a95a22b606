/** Prints the Custom Elements Manifest of the files that it is given. The analyzer's own command writes to package.json. */

import { readFile } from "node:fs/promises";
import { create, ts } from "@custom-elements-manifest/analyzer/index.js";

const paths = process.argv.slice(2);
const modules = await Promise.all(
  paths.map(async (path) => ts.createSourceFile(path, await readFile(path, "utf8"), ts.ScriptTarget.ES2022, true)),
);
process.stdout.write(JSON.stringify(create({ modules })));
