/**
 * What the contract suite tests: the built package under its own name, since the addon lies beside the built files. Every
 * test file takes the class from here, so that the same suite can run against another backend by changing this one import.
 */
import { EmbeddingTable, type TableOptions } from "tallygrad";

export { EmbeddingTable };

/** Constructs a table from options that may break every rule of `TableOptions`, for tests of what is refused. */
export function construct(options: unknown): EmbeddingTable {
  return new EmbeddingTable(options as TableOptions);
}
