/** Examples in memory by their positions. */

import type { BagColumn, Column, Examples } from "../../../models.d.ts";

/** See models.d.ts. */
export function select({ columns, labels, weights }: Examples, positions: Uint32Array): Examples {
  const picked = Object.entries(columns).map(([name, column]) => [name, pick(column, positions)]);
  const chosen = { columns: Object.fromEntries(picked), labels: Float64Array.from(positions, (at) => labels[at] ?? 0) };
  return weights === undefined ? chosen : { ...chosen, weights: weightsAt(weights, positions) };
}

function pick(column: Column, positions: Uint32Array): Column {
  if (Array.isArray(column)) return Array.from(positions, (at) => column[at]);
  if (ArrayBuffer.isView(column)) return pickNumbers(column as Float64Array, positions);
  const { values, offsets, weights } = column as BagColumn;
  const lengths = Array.from(positions, (at) => (offsets[at + 1] ?? 0) - (offsets[at] ?? 0));
  const starts = new Uint32Array(lengths.length + 1);
  for (const [index, length] of lengths.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const inner = new Uint32Array(starts.at(-1) ?? 0);
  for (const [index, at] of positions.entries()) {
    for (let value = 0; value < (lengths[index] ?? 0); value++)
      inner[(starts[index] ?? 0) + value] = (offsets[at] ?? 0) + value;
  }
  const bag = { values: pick(values, inner) as BagColumn["values"], offsets: starts };
  return weights === undefined ? bag : { ...bag, weights: weightsAt(weights, inner) };
}

function pickNumbers<Numbers extends Uint32Array | Int32Array | Float32Array | Float64Array>(
  numbers: Numbers,
  positions: Uint32Array,
): Numbers {
  const Class = numbers.constructor as new (length: number) => Numbers;
  const picked = new Class(positions.length);
  for (let index = 0; index < picked.length; index++) picked[index] = numbers[positions[index] ?? 0] ?? 0;
  return picked;
}

function weightsAt(weights: Float32Array, positions: Uint32Array): Float32Array {
  return Float32Array.from(positions, (at) => weights[at] ?? 0);
}
