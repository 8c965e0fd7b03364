/**
 * Tables of one rule that differ in something else: how weights are stored, or which rows a step visits. The latter on tables of two sizes, which get the same batches: on the
 * large one the same gradients go to rows ten times as far apart.
 */
import type { EmbeddingTable, TableOptions } from "tallygrad";
import { type Batch, type Shape, shapeOf } from "../workload.js";
import type { Comparison } from "./comparisons.js";
import { type Contestant, timed } from "./contestant.js";
import { batchAt, LR, tableOf, WAYS } from "./own.js";

/** Rules whose weights are stored in two bytes. */
export const NARROWED = ["tallygrad", "cf-sgd"] as const;
export const WIDTHS: readonly Pick<TableOptions, "dtype" | "rounding">[] = [
  { dtype: "f32" },
  { dtype: "f16" },
  { dtype: "bf16" },
  { dtype: "f16", rounding: "stochastic" },
  { dtype: "bf16", rounding: "stochastic" },
];

/** "tallygrad f16, stochastic 1t". */
export function widthName({ dtype, rounding }: Pick<TableOptions, "dtype" | "rounding">): string {
  return `tallygrad ${[dtype, rounding].filter((word) => word !== undefined).join(", ")} 1t`;
}

/** Two bytes round otherwise than four, so answers agree nearly. */
export function widths(): Comparison[] {
  const shape = shapeOf("W1");
  return NARROWED.map((rule) => ({
    name: `widths ${rule}`,
    shape,
    contestants: (batches) =>
      WIDTHS.map((width) => {
        const table = tableOf(shape, rule, { ...WAYS["1t"], nonFinite: "skip", ...width });
        return { ...stepping(widthName(width), table, batches), rows: (ids) => table.lookup(ids), exact: false };
      }),
  }));
}

/** What steps do to rows outside of their batch, if told to. Between two steps that a row is in, it misses four on average. */
export const SCOPES: Readonly<Record<string, (scope: "touched" | "all") => Partial<TableOptions>>> = {
  momentum: (scope) => ({ optimizer: { type: "sgd", lr: LR, momentum: 0.9, scope } }),
  decay: (scope) => ({ optimizer: { type: "sgd", lr: LR }, weightDecay: { rate: 0.01, scope } }),
  adam: (scope) => ({ optimizer: { type: "adam", lr: LR, scope } }),
};
export const SCOPED: Shape = { name: "S", rows: 100_000, dim: 64, count: 16_384, zipf: 0, stepsATurn: 8 };
/** How many times as many rows the large table has. */
const LARGER = 10;
/** Steps of a long rest. */
export const REST = 1000;

/** "tallygrad all, 100000 rows 1t". */
export function scopeName(scope: "touched" | "all", large: boolean): string {
  return `tallygrad ${scope}, ${SCOPED.rows * (large ? LARGER : 1)} rows 1t`;
}
export const restedName = `tallygrad all, after ${REST} steps of others 1t`;

export function scopes(): Comparison[] {
  return Object.entries(SCOPES).map(([what, options]) => ({
    name: `scope ${what}`,
    shape: SCOPED,
    contestants: (batches) => [
      ...(["touched", "all"] as const).flatMap((scope) =>
        [false, true].map((large) => scoped(scope, large, options(scope), batches)),
      ),
      ...(what === "adam" ? [rested(options("all"), batches)] : []),
    ],
  }));
}

function scoped(
  scope: "touched" | "all",
  large: boolean,
  options: Partial<TableOptions>,
  batches: readonly Batch[],
): Contestant {
  const times = large ? LARGER : 1;
  const spread = (ids: Uint32Array): Uint32Array => ids.map((id) => id * times);
  const table = scopedTable(times, options);
  const apart = batches.map(({ ids, gradients }) => ({ ids: spread(ids), gradients }));
  return {
    ...stepping(scopeName(scope, large), table, apart),
    rows: (ids) => table.lookup(spread(ids)),
    answer: scope,
    exact: true,
  };
}

/** Its rows have missed a thousand steps whenever they are used. */
function rested(options: Partial<TableOptions>, batches: readonly Batch[]): Contestant {
  const table = scopedTable(1, options);
  const [ids, gradients] = [new Uint32Array(0), new Float32Array(0)];
  return stepping(restedName, table, batches, () => {
    for (let step = 0; step < REST; step++) table.update(ids, gradients);
  });
}

function scopedTable(times: number, options: Partial<TableOptions>): EmbeddingTable {
  const size = { ...SCOPED, rows: SCOPED.rows * times };
  return tableOf(size, "sgd", { ...WAYS["1t"], nonFinite: "skip", ...options });
}

function stepping(name: string, table: EmbeddingTable, batches: readonly Batch[], before?: () => void): Contestant {
  const step = (number: number): void => {
    const { ids, gradients } = batchAt(batches, number);
    table.update(ids, gradients);
  };
  return { name, turn: timed(step, before), dispose: () => table.dispose() };
}
