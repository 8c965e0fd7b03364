/**
 * The batches that benches time: shapes by name, ids by Zipf's law, gradients of unit size. bench/suite writes them to files for contestants in other
 * languages. The native bench has W1, W2 and W4 by a generator of its own (bench/native/src/workload.rs).
 */

/** A table's size and what a batch of it looks like. */
export interface Shape {
  name: string;
  rows: number;
  dim: number;
  /** Occurrences in a batch. */
  count: number;
  /** Exponent of Zipf's law; 0 is uniform. */
  zipf: number;
  /** Steps a contestant takes before the next one's turn: enough for caches to be as they are in a training loop. */
  stepsATurn: number;
  /** Batches that take turns, so that nothing is learned by heart; 8 if nothing is said. */
  batches?: number;
  /** The share of a batch that one row has. */
  hot?: number;
  /** Tables of this size, each with a batch of its own; 1 if nothing is said. */
  tables?: number;
}

export interface Batch {
  ids: Uint32Array;
  gradients: Float32Array;
}

export const SHAPES: readonly Shape[] = [
  { name: "W1", rows: 1_000_000, dim: 64, count: 65_536, zipf: 1.05, stepsATurn: 8 },
  { name: "W2", rows: 100_000, dim: 16, count: 4096, zipf: 1.05, stepsATurn: 64 },
  { name: "W3", rows: 4_000_000, dim: 128, count: 262_144, zipf: 1.05, stepsATurn: 2, batches: 2 },
  { name: "W4", rows: 1_000_000, dim: 64, count: 65_536, zipf: 0, stepsATurn: 8 },
];

/** The shape of a name. */
export function shapeOf(name: string): Shape {
  const shape = SHAPES.find((known) => known.name === name);
  if (shape === undefined) throw new Error(`there is no workload ${name}`);
  return shape;
}

/** The batches of a shape. Which rows are popular is a random choice. */
export function batchesOf(shape: Shape): Batch[] {
  const random = mulberry32(42);
  const cumulative = new Float64Array(shape.rows);
  let sum = 0;
  for (let rank = 0; rank < shape.rows; rank++) {
    sum += (rank + 1) ** -shape.zipf;
    cumulative[rank] = sum;
  }
  const rows = shuffled(shape.rows, random);
  const { hot = 0, tables = 1, dim, batches = 8 } = shape;
  const count = shape.count * tables;
  const draw = (): number =>
    hot > 0 && random() < hot ? (rows[0] ?? 0) : (rows[firstAbove(cumulative, random() * sum)] ?? 0);
  return Array.from({ length: batches }, () => ({
    ids: filled(new Uint32Array(count), draw),
    gradients: filled(new Float32Array(count * dim), () => random() * 2 - 1),
  }));
}

/** `from` takes ten times as long. */
function filled<Numbers extends Uint32Array | Float32Array>(numbers: Numbers, draw: () => number): Numbers {
  for (let at = 0; at < numbers.length; at++) numbers[at] = draw();
  return numbers;
}

/** A small generator of uniform numbers in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(length: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/** Index of the first element that is not below `value`, in a rising array. */
function firstAbove(rising: Float64Array, value: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
