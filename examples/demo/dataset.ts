/**
 * What the demo trains on, wherever it came from: examples of a fixed number of fields, each field holding one row index of a
 * shared table, in flat typed arrays. `click-log.ts` makes them, `movielens.ts` reads them.
 */
import { at } from "./at.js";

export interface Examples {
  readonly count: number;
  /** `count * fields` row indices, example by example. */
  readonly ids: Uint32Array;
  /** 1 for a click or a liked film, else 0. */
  readonly labels: Uint8Array;
  /** The logits of the model that made the labels; `null` for data nobody planted. */
  readonly trueLogits: Float64Array | null;
}

export interface Dataset {
  /** One line that says what this is, with "synthetic" in it if it is. */
  readonly title: string;
  readonly synthetic: boolean;
  /** Row indices an example. */
  readonly fields: number;
  /** Rows of the tables: one more than the greatest index there may be. */
  readonly rows: number;
  readonly train: Examples;
  /** What early stopping looks at; `null` means one pass over `train` and no stopping. */
  readonly validation: Examples | null;
  readonly test: Examples;
}

/** Examples `start` to `end - 1`, without copying. */
export function sliceExamples(examples: Examples, fields: number, start: number, end: number): Examples {
  return {
    count: end - start,
    ids: examples.ids.subarray(start * fields, end * fields),
    labels: examples.labels.subarray(start, end),
    trueLogits: examples.trueLogits?.subarray(start, end) ?? null,
  };
}

/** A copy of the examples in the given order. */
export function reorderExamples(examples: Examples, fields: number, order: Uint32Array): Examples {
  const ids = new Uint32Array(order.length * fields);
  order.forEach((example, position) => {
    for (let field = 0; field < fields; field++) {
      ids[position * fields + field] = at(examples.ids, example * fields + field);
    }
  });
  const trueLogits = examples.trueLogits;
  return {
    count: order.length,
    ids,
    labels: Uint8Array.from(order, (example) => at(examples.labels, example)),
    trueLogits: trueLogits && Float64Array.from(order, (example) => at(trueLogits, example)),
  };
}

/** How often each row occurs in the examples. */
export function countOccurrences(examples: Examples, rows: number): Uint32Array {
  const counts = new Uint32Array(rows);
  for (const id of examples.ids) counts[id] = at(counts, id) + 1;
  return counts;
}

/** The share of positive labels. */
export function positiveRate(examples: Examples): number {
  return examples.labels.reduce((sum, label) => sum + label, 0) / examples.count;
}
