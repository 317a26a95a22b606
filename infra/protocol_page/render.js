/** Renders an AsyncAPI document as one HTML file without links to other ones: `node render.js docs/asyncapi.yaml FOLDER`. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import Generator from "@asyncapi/generator";

const [document, folder] = process.argv.slice(2);
if (!document || !folder) throw new Error("name the document and the folder to write");
const template = fileURLToPath(new URL("./node_modules/@asyncapi/html-template", import.meta.url));
const generator = new Generator(template, resolve(folder), {
  forceWrite: true,
  templateParams: { singleFile: "true" },
});
await generator.generateFromFile(document);
