/** Examples in memory by their positions. */

import type { BagColumn, Column, Examples } from "../../../models.d.ts";
import { isArray } from "../../arguments.js";
import { coded, shown } from "../../errors.js";
import { isObject } from "../../options.js";

/** See models.d.ts. */
export function select(examples: Examples, positions: Uint32Array): Examples {
  const count = countOf(examples);
  if (!isArray(positions, "Uint32Array")) {
    throw coded("ERR_WRONG_CLASS", `positions must be a Uint32Array, but is ${shown(positions)}`);
  }
  const outside = positions.findIndex((position) => position >= count);
  if (outside !== -1) {
    throw coded(
      "ERR_ID_OUT_OF_RANGE",
      `positions[${outside}] is ${positions[outside]}, but there are ${count} examples`,
    );
  }
  return selected(examples, positions);
}

/** The same of examples and positions that are checked already. */
export function selected({ columns, labels, weights }: Examples, positions: Uint32Array): Examples {
  const chosen = Object.entries(columns).map(([name, column]) => [name, chosenOf(column, positions)] as const);
  const examples: Examples = { columns: Object.fromEntries(chosen), labels: gathered(labels, positions) };
  if (weights !== undefined) examples.weights = gathered(weights, positions);
  return examples;
}

/** How many examples there are: as many as labels, in every column. */
export function countOf(examples: Examples): number {
  if (!isObject(examples)) throw coded("ERR_WRONG_CLASS", `examples must be an object, but is ${shown(examples)}`);
  const { columns, labels, weights } = examples;
  if (!isList(labels)) throw coded("ERR_WRONG_CLASS", `labels must be an array, but is ${shown(labels)}`);
  if (!isObject(columns)) throw coded("ERR_WRONG_CLASS", `columns must be an object, but is ${shown(columns)}`);
  if (weights !== undefined) checkLength("weights", weights, labels.length);
  for (const [name, column] of Object.entries(columns)) {
    if (isBag(column)) checkBags(name, column, labels.length);
    else checkLength(`columns.${name}`, column, labels.length);
  }
  return labels.length;
}

function checkLength(what: string, list: unknown, count: number): void {
  if (!isList(list)) throw coded("ERR_WRONG_CLASS", `${what} must be an array, but is ${shown(list)}`);
  if (list.length === count) return;
  throw coded("ERR_WRONG_LENGTH", `${what} must have ${count} elements, one a label, but has ${list.length}`);
}

function checkBags(name: string, { values, offsets, weights }: BagColumn, count: number): void {
  const column = `columns.${name}`;
  if (!isList(values)) throw coded("ERR_WRONG_CLASS", `${column}.values must be an array, but is ${shown(values)}`);
  if (!isList(offsets)) throw coded("ERR_WRONG_CLASS", `${column}.offsets must be an array, but is ${shown(offsets)}`);
  if (offsets.length !== count + 1) {
    throw coded("ERR_OFFSETS", `${column}.offsets must have ${count + 1} elements, but has ${offsets.length}`);
  }
  for (let example = 0; example <= count; example++) {
    const [before, offset] = [offsets[example - 1] ?? 0, offsets[example] ?? Number.NaN];
    if (example === 0 ? offset === 0 : offset >= before && Number.isInteger(offset)) continue;
    throw coded(
      "ERR_OFFSETS",
      `${column}.offsets must begin with 0 and not fall, but [${example}] is ${shown(offset)}`,
    );
  }
  if (offsets[count] !== values.length) {
    throw coded("ERR_OFFSETS", `${column}.offsets must end with ${values.length}, but end with ${offsets[count]}`);
  }
  if (weights !== undefined && weights.length !== values.length) {
    throw coded("ERR_WRONG_LENGTH", `${column}.weights must have ${values.length} elements, but has ${weights.length}`);
  }
}

function chosenOf(column: Column, positions: Uint32Array): Column {
  if (!isBag(column)) return gathered(column, positions);
  const { values, offsets, weights } = column;
  const chosen = new Uint32Array(positions.length + 1);
  positions.forEach((position, example) => {
    const length = (offsets[position + 1] ?? 0) - (offsets[position] ?? 0);
    chosen[example + 1] = (chosen[example] ?? 0) + length;
  });
  const places = new Uint32Array(chosen.at(-1) ?? 0);
  positions.forEach((position, example) => {
    const [start = 0, end = 0] = chosen.subarray(example, example + 2);
    for (let at = start; at < end; at++) places[at] = (offsets[position] ?? 0) + at - start;
  });
  const bags: BagColumn = { values: gathered(values, places), offsets: chosen };
  if (weights !== undefined) bags.weights = gathered(weights, places);
  return bags;
}

/** The elements at these positions, in an array of the same class. */
function gathered<List extends Exclude<Column, BagColumn> | Examples["labels"]>(
  list: List,
  positions: Uint32Array,
): List;
function gathered(list: ArrayLike<unknown>, positions: Uint32Array): unknown {
  const Class = list.constructor as new (length: number) => { [position: number]: unknown };
  const chosen = new Class(positions.length);
  for (let at = 0; at < positions.length; at++) chosen[at] = list[positions[at] as number];
  return chosen;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isBag(column: Column): column is BagColumn {
  return isObject(column) && !ArrayBuffer.isView(column);
}
