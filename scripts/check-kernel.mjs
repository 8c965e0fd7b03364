/**
 * Checks that the copies of the WebAssembly kernel in `dist` are what the source makes: builds it once more from nothing, and compares
 * every byte with `kernel.wasm`, and with what `index.js` and `browser.js` have inside. Checks as well that it has not grown: every page
 * pays for it.
 */

import { readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { root } from "./run.mjs";
import { buildWasm } from "./wasm.mjs";

/** The most bytes that it may have, as it is and gzipped: a little more than it has. */
const LIMITS = { raw: 925_000, gzipped: 247_000 };

const again = `${root}/target/again`;
rmSync(again, { recursive: true, force: true });
await buildWasm(`${again}/wasm`, again);
const made = readFileSync(`${again}/wasm/tallygrad_wasm_bg.wasm`);

/** @type {[copy: string, same: boolean][]} */
const copies = [
  ["kernel.wasm", readFileSync(`${root}/dist/kernel.wasm`).equals(made)],
  ...["index.js", "browser.js"].map((file) => [
    file,
    readFileSync(`${root}/dist/${file}`, "utf8").includes(`"${made.toString("base64")}"`),
  ]),
];
for (const [file, same] of copies) process.stdout.write(`dist/${file}: ${same ? "the same" : "another kernel"}\n`);

const sizes = { raw: made.length, gzipped: gzipSync(made, { level: 9 }).length };
for (const kind of /** @type {const} */ (["raw", "gzipped"])) {
  const limit = LIMITS[kind];
  process.stdout.write(`kernel, ${kind}: ${sizes[kind]} bytes of at most ${limit}\n`);
}
const fits = sizes.raw <= LIMITS.raw && sizes.gzipped <= LIMITS.gzipped;
process.exitCode = fits && copies.every(([, same]) => same) ? 0 : 1;
