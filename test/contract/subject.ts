/**
 * What the contract suite tests. Every test file takes the class from here, so that the same suite can run against another
 * backend by changing this one import.
 */
import type { TableOptions } from "../../index.js";
import { EmbeddingTable } from "../../src/index.js";

export { EmbeddingTable };

/** Constructs a table from options that may break every rule of `TableOptions`, for tests of what is refused. */
export function construct(options: unknown): EmbeddingTable {
  return new EmbeddingTable(options as TableOptions);
}
