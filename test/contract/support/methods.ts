/**
 * The methods that take ids, called with ids that may be anything and with whatever else each of them needs.
 */
import type { Ids } from "../../../index.js";
import type { EmbeddingTable } from "../subject.js";

export interface IdMethod {
  readonly name: "lookup" | "update" | "setRows" | "resetRows" | "tallies" | "rates";
  readonly call: (table: EmbeddingTable, ids: unknown) => unknown;
}

export const idMethods: readonly IdMethod[] = [
  { name: "lookup", call: (table, ids) => table.lookup(ids as Ids) },
  { name: "update", call: (table, ids) => table.update(ids as Ids, floatsFor(table, ids)) },
  { name: "setRows", call: (table, ids) => table.setRows(ids as Ids, floatsFor(table, ids)) },
  { name: "resetRows", call: (table, ids) => table.resetRows(ids as Ids) },
  { name: "tallies", call: (table, ids) => table.tallies(ids as Ids) },
  { name: "rates", call: (table, ids) => table.rates(ids as Ids) },
];

/** Ones, as many as the ids' length asks for. */
function floatsFor(table: EmbeddingTable, ids: unknown): Float32Array {
  const length = ArrayBuffer.isView(ids) || Array.isArray(ids) ? Reflect.get(ids, "length") : 0;
  return new Float32Array(Number(length ?? 0) * table.dim).fill(1);
}
