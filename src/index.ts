/** The package's entry. Importing it loads nothing; the first table loads its backend. */

export { EmbeddingTable } from "./embedding-table.js";
