/**
 * Checks that the copies of the WebAssembly kernel in `dist` are what the source makes: builds it once more from nothing, and compares
 * every byte with `kernel.wasm`, and with what `index.js` and `browser.js` have inside.
 */

import { readFileSync, rmSync } from "node:fs";
import { root } from "./run.mjs";
import { buildWasm } from "./wasm.mjs";

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
process.exitCode = copies.every(([, same]) => same) ? 0 : 1;
