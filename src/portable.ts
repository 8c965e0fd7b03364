/**
 * The package without its addon: what runs everywhere. `dist/browser.js` is this and all it imports, the entry of browsers, Deno
 * and `tallygrad/wasm`. Importing it loads nothing; the first table loads the kernel.
 */

export { EmbeddingTable } from "./embedding-table.js";
export { EmbeddingTables } from "./embedding-tables.js";
export { internals } from "./internals.js";
export { loadAll, saveAll } from "./save-all.js";
export { Vocabulary } from "./vocabulary.js";
export { setWasmModule } from "./wasm/instance.js";
