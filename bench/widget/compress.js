/** Writes a file in brotli beside each script and style sheet of the folders named. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync } from "node:zlib";

for (const folder of argv.slice(2)) {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (/\.(?:m?js|css)$/.test(name)) {
      const path = join(folder, name);
      writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path)));
    }
  }
}
