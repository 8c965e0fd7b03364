/**
 * What the contract suite tests: the built package under its own name. Which backend that is, the environment decides: the variable
 * TALLYGRAD_BACKEND, or the conditions under which the name is resolved.
 */
import { EmbeddingTable, EmbeddingTables, loadAll, saveAll, type TableOptions, Vocabulary } from "tallygrad";

export { EmbeddingTable, EmbeddingTables, loadAll, saveAll, Vocabulary };

/** Constructs a table from options that may break every rule of `TableOptions`, for tests of what is refused. */
export function construct(options: unknown): EmbeddingTable {
  return new EmbeddingTable(options as TableOptions);
}
