/** The kernel as WebAssembly: one instance for all tables, made for the first of them. */

import type { Kernel } from "./kernel.js";
import { type Instance, instantiate } from "./wasm/instance.js";
import { createMachine } from "./wasm/machine.js";
import { partsOf, WasmRestoring } from "./wasm/restoring.js";
import { createSkipGram } from "./wasm/skip-gram.js";
import { createTable, WasmTable } from "./wasm/table.js";
import { createVocabulary, WasmRestoringVocabulary } from "./wasm/vocabulary.js";

let kernel: Kernel | undefined;

/** The WebAssembly backend, or an error that says why it cannot be had. */
export function loadWasm(): Kernel {
  kernel ??= kernelOf(instantiate());
  return kernel;
}

function kernelOf(running: Instance): Kernel {
  return {
    kind: "wasm",
    threads: 1,
    mostThreads: 1,
    catalogue: JSON.parse(running.glue.catalogue()),
    create: (options, counts, values) => createTable(running, options, counts, values),
    partsOf: (options, runs) => partsOf(running, options, runs),
    restore: (options, progress) => new WasmRestoring(running, options, progress),
    createVocabulary: (options) => createVocabulary(running, options),
    restoreVocabulary: (options, progress) => new WasmRestoringVocabulary(running, options, progress),
    digest: (text) => running.glue.digest(text),
    createMachine: (shape) => createMachine(running, shape),
    createSkipGram: (settings, counts) => createSkipGram(running, settings, counts),
    updateTogether: (tables, ids, gradients, scale) =>
      WasmTable.updateTogether(running, tables as WasmTable[], ids, gradients, scale),
  };
}
