/** How long a page waits for its first table: the kernel is decoded, compiled and started for it. */
import { EmbeddingTable } from "./node_modules/tallygrad/dist/browser.js";
import { show } from "./show.js";

const start = performance.now();
const table = new EmbeddingTable({ rows: 1000, dim: 16 });
table.lookup([0]);
show({ milliseconds: performance.now() - start });
