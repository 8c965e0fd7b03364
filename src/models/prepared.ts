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
    const isOne =
      loss === "logistic" ? label === 0 || label === 1 : Number.isFinite(label) && isFloat32(label as number);
    if (!isOne) {
      const expected = loss === "logistic" ? "0 or 1" : "finite in float32";
      throw coded("ERR_OPTION_VALUE", `labels[${example}] must be ${expected}, but is ${shown(label)}`);
    }
    checked[example] = label as number;
  }
  return checked;
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
    const [count, width] = [end - start, this.#width];
    const exampleAt = (index: number): number => (order === undefined ? start + index : (order[start + index] ?? 0));
    const labels = this.#labels.of(count);
    for (let index = 0; index < count; index++) labels[index] = all.labels[exampleAt(index)] ?? 0;
    let weights: Float32Array | undefined;
    if (all.weights !== undefined) {
      weights = this.#weights.of(count);
      for (let index = 0; index < count; index++) weights[index] = all.weights[exampleAt(index)] ?? 0;
    }
    const cells =
      all.cells.offsets === undefined
        ? this.#rows(all.cells, count, width, exampleAt)
        : this.#bags(all.cells, all.cells.offsets, count, width, exampleAt);
    return { count, cells, labels, weights };
  }

  #rows({ ids, factors }: Cells, count: number, width: number, exampleAt: (index: number) => number): Cells {
    const taken = this.#ids.of(count * width);
    const multiplied = factors && this.#factors.of(count * width);
    for (let index = 0, at = 0; index < count; index++) {
      let from = exampleAt(index) * width;
      for (const end = from + width; from < end; from++, at++) {
        taken[at] = ids[from] ?? 0;
        if (multiplied !== undefined && factors !== undefined) multiplied[at] = factors[from] ?? 0;
      }
    }
    return { ids: taken, offsets: undefined, factors: multiplied };
  }

  #bags(
    { ids, factors }: Cells,
    starts: Uint32Array,
    count: number,
    width: number,
    exampleAt: (index: number) => number,
  ): Cells {
    const offsets = this.#offsets.of(count * width + 1);
    let length = 0;
    for (let index = 0, cell = 0; index < count; index++) {
      const first = exampleAt(index) * width;
      for (let field = 0; field < width; field++) {
        offsets[cell++] = length;
        length += (starts[first + field + 1] ?? 0) - (starts[first + field] ?? 0);
      }
    }
    offsets[count * width] = length;
    const taken = this.#ids.of(length);
    const multiplied = factors && this.#factors.of(length);
    for (let index = 0, at = 0; index < count; index++) {
      const first = exampleAt(index) * width;
      const end = starts[first + width] ?? 0;
      for (let from = starts[first] ?? 0; from < end; from++, at++) {
        taken[at] = ids[from] ?? 0;
        if (multiplied !== undefined && factors !== undefined) multiplied[at] = factors[from] ?? 0;
      }
    }
    return { ids: taken, offsets, factors: multiplied };
  }
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
class Room<Numbers extends Uint32Array | Float32Array> {
  readonly #Class: new (
    length: number,
  ) => Numbers;
  #numbers: Numbers;

  constructor(Class: new (length: number) => Numbers) {
    this.#Class = Class;
    this.#numbers = new Class(0);
  }

  of(length: number): Numbers {
    if (this.#numbers.length < length) this.#numbers = newArray(this.#Class, 2 ** Math.ceil(Math.log2(length)));
    return this.#numbers.subarray(0, length) as Numbers;
  }
}
