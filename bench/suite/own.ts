/** Contestants of this process: tables of tallygrad, native and WebAssembly, and loops in JavaScript. */
import { EmbeddingTable, EmbeddingTables, type FeatureBatch, type Optimizer, type TableOptions } from "tallygrad";
import { type PlainRule, plainTable } from "../plain.js";
import type { Batch, Shape } from "../workload.js";
import { type Contestant, rest, timed } from "./contestant.js";

export const LR = 0.01;
/** Ids of a bag. */
const BAG = 8;

/** Milliseconds between two steps of a training loop that does something else as well. */
const PAUSE = 1;

/** What runs a table's steps. */
export const WAYS: Readonly<Record<string, Partial<TableOptions>>> = {
  "1t": { backend: "native", threads: 1 },
  "2t": { backend: "native", threads: 2 },
  wasm: { backend: "wasm" },
};

/** A rule as benches name it: with momentum a row of sgd holds more. */
export type Rule = Optimizer["type"] | "sgd-momentum";

export function optimizerOf(rule: Rule, rows: number): Optimizer {
  if (rule === "fa-sgd") return { type: rule, lr: LR, expectedCounts: new Float64Array(rows).fill(5) };
  if (rule === "sgd-momentum") return { type: "sgd", lr: LR, momentum: 0.9 };
  return { type: rule, lr: LR };
}

export function tableOf({ rows, dim }: Shape, rule: Rule, more: Partial<TableOptions>): EmbeddingTable {
  return new EmbeddingTable({ rows, dim, init: { type: "zeros" }, optimizer: optimizerOf(rule, rows), ...more });
}

export const batchAt = (batches: readonly Batch[], number: number): Batch => batches[number % batches.length] as Batch;

export function update(
  shape: Shape,
  batches: readonly Batch[],
  rule: Rule,
  way: string,
  nonFinite: "skip" | "reject",
  pauses = false,
): Contestant {
  const table = tableOf(shape, rule, { ...WAYS[way], nonFinite });
  const step = (number: number): void => {
    const { ids, gradients } = batchAt(batches, number);
    table.update(ids, gradients);
  };
  return {
    name: `tallygrad ${nonFinite} ${way}${pauses ? ", pauses" : ""}`,
    turn: timed(step, pauses ? () => rest(PAUSE) : undefined),
    rows: (ids) => table.lookup(ids),
    exact: true,
    dispose: () => table.dispose(),
  };
}

export function plainUpdate(shape: Shape, batches: readonly Batch[], rule: PlainRule): Contestant {
  const plain = plainTable(shape, rule, LR);
  const rows = (ids: Uint32Array): Float32Array => {
    const all = new Float32Array(ids.length * shape.dim);
    for (const [at, id] of ids.entries()) {
      all.set(plain.weights.subarray(id * shape.dim, (id + 1) * shape.dim), at * shape.dim);
    }
    return all;
  };
  return {
    name: "JavaScript",
    turn: timed((number) => plain.step(batchAt(batches, number))),
    rows,
    dispose: () => undefined,
  };
}

/** A table that is read: of weights other than 0, since pages that nobody has written take no memory to read. */
function readTable({ rows, dim }: Shape, way: string): EmbeddingTable {
  return new EmbeddingTable({ rows, dim, init: { type: "normal" }, seed: 1, ...WAYS[way] });
}

/** Lookup into an array that is there already. */
export function lookup(shape: Shape, batches: readonly Batch[], way: string): Contestant {
  const table = readTable(shape, way);
  const out = new Float32Array(shape.count * shape.dim);
  return {
    name: `tallygrad ${way}`,
    turn: timed((number) => void table.lookup(batchAt(batches, number).ids, out)),
    rows: (ids) => table.lookup(ids, out),
    exact: true,
    dispose: () => table.dispose(),
  };
}

/** Sums of bags of eight. */
export function pool(shape: Shape, batches: readonly Batch[], way: string): Contestant {
  const table = readTable(shape, way);
  const bags = shape.count / BAG;
  const offsets = Uint32Array.from({ length: bags + 1 }, (_, bag) => bag * BAG);
  const out = new Float32Array(bags * shape.dim);
  return {
    name: `tallygrad ${way}`,
    turn: timed((number) => void table.pool(batchAt(batches, number).ids, offsets, { mode: "sum" }, out)),
    rows: (ids) => table.pool(ids, offsets, { mode: "sum" }, out),
    exact: true,
    dispose: () => table.dispose(),
  };
}

/** One step of several tables: together, or of one after the other. */
export function several(
  shape: Shape,
  batches: readonly Batch[],
  rule: Rule,
  way: string,
  together: boolean,
): Contestant {
  const { rows, dim, count, tables = 1 } = shape;
  const names = Array.from({ length: tables }, (_, index) => `${index}`);
  const options: TableOptions = {
    rows,
    dim,
    init: { type: "zeros" },
    optimizer: optimizerOf(rule, rows),
    ...WAYS[way],
  };
  const all = new EmbeddingTables(Object.fromEntries(names.map((name) => [name, options])));
  const parts = batches.map(({ ids, gradients }) =>
    names.map((name, index): [string, FeatureBatch & { ids: Uint32Array; gradients: Float32Array }] => [
      name,
      {
        ids: ids.subarray(index * count, (index + 1) * count),
        gradients: gradients.subarray(index * count * dim, (index + 1) * count * dim),
      },
    ]),
  );
  const steps = parts.map((part) => Object.fromEntries(part));
  const fused = (number: number): void => void all.update(steps[number % steps.length] ?? {});
  const alone = (number: number): void => {
    for (const [name, { ids, gradients }] of parts[number % parts.length] ?? []) all.table(name).update(ids, gradients);
  };
  return {
    name: `tallygrad${together ? "" : ", one by one"} ${way}`,
    turn: timed(together ? fused : alone),
    rows: (ids) => {
      const found = new Float32Array(ids.length * dim);
      for (const [index, name] of names.entries()) {
        const part = ids.subarray(index * count, (index + 1) * count);
        found.set(all.table(name).lookup(part), index * count * dim);
      }
      return found;
    },
    exact: true,
    dispose: () => all.dispose(),
  };
}
