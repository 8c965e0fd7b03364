/** What a page is told whose content security policy forbids WebAssembly. */
import { EmbeddingTable } from "./node_modules/tallygrad/dist/browser.js";
import { show } from "./show.js";

try {
  show({ kind: new EmbeddingTable({ rows: 1, dim: 1 }).backend.kind });
} catch ({ code, message }) {
  show({ code, message });
}
