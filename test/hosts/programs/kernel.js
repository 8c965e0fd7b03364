/** The compiled kernel, for workers that are sent it. */
import { readFile } from "node:fs/promises";

export async function compileKernel() {
  return await WebAssembly.compile(await readFile(new URL(import.meta.resolve("tallygrad/kernel.wasm"))));
}
