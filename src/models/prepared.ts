/** Examples as the kernel takes them, and batches of them. */

import type { Examples } from "../../models.d.ts";
import type { Cells } from "../kernel.js";
import { coded, isArray, isObject, newArray, shown } from "./core.js";
import type { Fields } from "./fields.js";

/** Examples with their rows found. */
export interface Prepared {
  count: number;
  cells: Cells;
  labels: Float32Array;
  weights: Float32Array | undefined;
}

/** Checks labels and weights; the fields see to the columns. */
export function prepared(
  examples: Examples,
  fields: Fields,
  loss: "logistic" | "squared",
  rowsOf?: (keys: string[]) => Uint32Array,
): Prepared {
  if (!isObject(examples)) throw coded("ERR_WRONG_CLASS", `examples must be an object, but is ${shown(examples)}`);
  const { columns, labels, weights } = examples;
  const read = fields.read(columns);
  const checked = { labels: checkedLabels(labels, read.count, loss), weights: checkedWeights(weights, read.count) };
  return { ...fields.encode(read, rowsOf), ...checked };
}

function checkedLabels(labels: Examples["labels"], count: number, loss: "logistic" | "squared"): Float32Array {
  if (!Array.isArray(labels) && (!ArrayBuffer.isView(labels) || labels instanceof DataView)) {
    throw coded("ERR_WRONG_CLASS", `labels must be an array of numbers, but is ${shown(labels)}`);
  }
  if (labels.length !== count) {
    throw coded("ERR_WRONG_LENGTH", `labels must be as many as examples, ${count}, but are ${labels.length}`);
  }
  const checked = newArray(Float32Array, count);
  for (let example = 0; example < count; example++) {
    const label: unknown = labels[example];
    const isOne = typeof label === "number" && (loss === "logistic" ? isBit(label) : isFloat32(label));
    if (!isOne) {
      const expected = loss === "logistic" ? "0 or 1" : "finite in float32";
      throw coded("ERR_OPTION_VALUE", `labels[${example}] must be ${expected}, but is ${shown(label)}`);
    }
    checked[example] = label as number;
  }
  return checked;
}

/** Whether it is 0 or 1: nobody can foretell which, so this does not branch on it. */
function isBit(number: number): boolean {
  return (number & 1) === number;
}

/** Whether a float32 can come near to it. */
function isFloat32(number: number): boolean {
  return Number.isFinite(Math.fround(number));
}

function checkedWeights(weights: Float32Array | undefined, count: number): Float32Array | undefined {
  if (weights === undefined) return undefined;
  if (!isArray(weights, "Float32Array")) {
    throw coded("ERR_WRONG_CLASS", `weights must be a Float32Array, but is ${shown(weights)}`);
  }
  if (weights.length !== count) {
    throw coded("ERR_WRONG_LENGTH", `weights must be as many as examples, ${count}, but are ${weights.length}`);
  }
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong >= 0) {
    throw coded("ERR_OPTION_VALUE", `weights[${wrong}] must be finite and at least 0, but is ${weights[wrong]}`);
  }
  // A copy, which nobody else can change between two steps.
  return weights.slice();
}

/** What the examples of a batch weigh together. */
export function weightOf({ count, weights }: Prepared): number {
  return weights === undefined ? count : weights.reduce((sum, weight) => sum + weight, 0);
}

/** Takes batches out of examples, into arrays that the next batch overwrites. */
export class Gatherer {
  readonly #width: number;
  readonly #picked = new Room(Uint32Array);
  readonly #ids = new Room(Uint32Array);
  readonly #offsets = new Room(Uint32Array);
  readonly #factors = new Room(Float32Array);
  readonly #labels = new Room(Float32Array);
  readonly #weights = new Room(Float32Array);

  /** @param width Fields of an example. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Examples number `start` to `end - 1`, in this order if one is given. */
  take(all: Prepared, start: number, end: number, order?: Uint32Array): Prepared {
    if (order === undefined && all.cells.offsets === undefined) return sliced(all, this.#width, start, end);
    const [count, picked] = [end - start, order?.subarray(start, end) ?? this.#range(start, end)];
    const labels = pick(all.labels, picked, this.#labels.of(count));
    const weights = all.weights && pick(all.weights, picked, this.#weights.of(count));
    const { offsets } = all.cells;
    const cells = offsets === undefined ? this.#rows(all.cells, picked) : this.#bags(all.cells, offsets, picked);
    return { count, cells, labels, weights };
  }

  #range(start: number, end: number): Uint32Array {
    const range = this.#picked.of(end - start);
    for (let index = 0; index < range.length; index++) range[index] = start + index;
    return range;
  }

  #rows({ ids, factors }: Cells, picked: Uint32Array): Cells {
    const width = this.#width;
    const taken = pickParts(ids, picked, width, this.#ids.of(picked.length * width));
    const multiplied = factors && pickParts(factors, picked, width, this.#factors.of(picked.length * width));
    return { ids: taken, offsets: undefined, factors: multiplied };
  }

  #bags({ ids, factors }: Cells, starts: Uint32Array, picked: Uint32Array): Cells {
    const width = this.#width;
    const offsets = this.#offsets.of(picked.length * width + 1);
    let length = 0;
    for (let index = 0, cell = 0; index < picked.length; index++) {
      const first = (picked[index] ?? 0) * width;
      for (let field = 0; field < width; field++) {
        offsets[cell++] = length;
        length += (starts[first + field + 1] ?? 0) - (starts[first + field] ?? 0);
      }
    }
    offsets[picked.length * width] = length;
    const taken = this.#ids.of(length);
    const multiplied = factors && this.#factors.of(length);
    for (let index = 0, at = 0; index < picked.length; index++) {
      const first = (picked[index] ?? 0) * width;
      const end = starts[first + width] ?? 0;
      for (let from = starts[first] ?? 0; from < end; from++, at++) {
        taken[at] = ids[from] ?? 0;
        if (multiplied !== undefined && factors !== undefined) multiplied[at] = factors[from] ?? 0;
      }
    }
    return { ids: taken, offsets, factors: multiplied };
  }
}

type Numbers = Uint32Array | Float32Array;

/** Writes the elements at these positions. */
function pick<T extends Numbers>(values: T, picked: Uint32Array, out: T): T {
  for (let index = 0; index < picked.length; index++) out[index] = values[picked[index] ?? 0] ?? 0;
  return out;
}

/** Writes the parts, of `width` elements each, at these positions. */
function pickParts<T extends Numbers>(values: T, picked: Uint32Array, width: number, out: T): T {
  for (let index = 0, at = 0; index < picked.length; index++) {
    const from = (picked[index] ?? 0) * width;
    for (let element = 0; element < width; element++) out[at++] = values[from + element] ?? 0;
  }
  return out;
}

/** Examples in a row that have one row a field, without copying. */
function sliced({ cells, labels, weights }: Prepared, width: number, start: number, end: number): Prepared {
  const { ids, factors } = cells;
  const [from, to] = [start * width, end * width];
  return {
    count: end - start,
    cells: { ids: ids.subarray(from, to), offsets: undefined, factors: factors?.subarray(from, to) },
    labels: labels.subarray(start, end),
    weights: weights?.subarray(start, end),
  };
}

/** An array that is kept, and taken the beginning of. */
class Room<T extends Numbers> {
  readonly #Class: new (
    length: number,
  ) => T;
  #numbers: T;

  constructor(Class: new (length: number) => T) {
    this.#Class = Class;
    this.#numbers = new Class(0);
  }

  of(length: number): T {
    if (this.#numbers.length < length) this.#numbers = newArray(this.#Class, 2 ** Math.ceil(Math.log2(length)));
    return this.#numbers.subarray(0, length) as T;
  }
}
