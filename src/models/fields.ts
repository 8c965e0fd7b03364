/** Fields of a model: which rows of its tables the columns of examples stand for. */

import type { BagColumn, Column, Examples, Field, MachineOptions } from "../../models.d.ts";
import type { Cells } from "../kernel.js";
import type { Key } from "../keys.js";
import { checkNames, choice, coded, integer, isArray, isObject, newArray, shown } from "./core.js";

const MOST_ROWS = 2 ** 32 - 1;

/** A field, checked. */
interface Plan {
  name: string;
  /** Ids that there are; 1 for a number. */
  rows: number;
  /** The row of its first id. */
  first: number;
  bag: "sum" | "mean";
  numeric: boolean;
}

/** Examples as the kernel takes them. */
export interface Encoded {
  count: number;
  cells: Cells;
}

/** Columns, checked for class and length. */
export interface Read {
  count: number;
  columns: readonly Values[];
}

/** A column of single values, or of bags. */
interface Values {
  values: ArrayLike<Key>;
  offsets: ArrayLike<number> | undefined;
  weights: Float32Array | undefined;
}

/** All fields of a model. With a vocabulary their values are keys, else ids. */
export class Fields {
  readonly #plans: readonly Plan[];
  readonly #keyed: boolean;

  constructor(fields: MachineOptions["fields"], keyed: boolean) {
    if (!isObject(fields)) throw coded("ERR_OPTION_VALUE", `fields must be an object, but is ${shown(fields)}`);
    let first = 0;
    this.#keyed = keyed;
    this.#plans = Object.entries(fields).map(([name, field]) => {
      const plan = { name, first, ...checkedField(name, field, keyed) };
      first += plan.rows;
      return plan;
    });
    if (this.#plans.length === 0) throw coded("ERR_OPTION_VALUE", "fields must have at least one field");
    if (first > MOST_ROWS) {
      throw coded("ERR_OPTION_VALUE", `fields must have at most ${MOST_ROWS} ids in all, but have ${first}`);
    }
  }

  /** How many there are. */
  get count(): number {
    return this.#plans.length;
  }

  /** Rows of all fields; of no meaning with a vocabulary. */
  get rows(): number {
    return this.#plans.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** As options that make the same fields. */
  described(): Record<string, Field> {
    const entries = this.#plans.map(({ name, rows, bag, numeric }): [string, Field] => {
      return [name, { ...(this.#keyed || numeric ? {} : { rows }), bag, ...(numeric ? { numeric } : {}) }];
    });
    return Object.fromEntries(entries);
  }

  /**
   * Rows of all values, example by example.
   * @param rowsOf Gives the rows of keys, if there is a vocabulary.
   */
  encode({ count, columns: read }: Read, rowsOf?: (keys: string[]) => Uint32Array): Encoded {
    const single = read.every(({ offsets }) => offsets === undefined);
    const width = this.#plans.length;
    const lengths = read.map(({ values, offsets }) => (offsets === undefined ? values.length : (offsets[count] ?? 0)));
    const ids = newArray(
      Uint32Array,
      lengths.reduce((sum, length) => sum + length, 0),
    );
    const keys: string[] | undefined = rowsOf && new Array(ids.length);
    const offsets = single ? undefined : newArray(Uint32Array, count * width + 1);
    const weighted = this.#plans.some(
      ({ numeric, bag }, field) => numeric || read[field]?.weights || (read[field]?.offsets && bag === "mean"),
    );
    const factors = weighted ? newArray(Float32Array, ids.length).fill(1) : undefined;
    // Column by column, so that each loop sees one kind of array; where cells begin is known from their lengths.
    const starts = single ? undefined : cellStarts(read, count, offsets as Uint32Array);
    for (const [field, plan] of this.#plans.entries()) {
      const column = read[field] as Values;
      for (let example = 0; example < count; example++) {
        const cell = example * width + field;
        let at = starts === undefined ? cell : (starts[cell] ?? 0);
        const from = column.offsets === undefined ? example : (column.offsets[example] ?? 0);
        const to = column.offsets === undefined ? example + 1 : (column.offsets[example + 1] ?? 0);
        for (let position = from; position < to; position++, at++) {
          const value = column.values[position];
          if (keys !== undefined) keys[at] = plan.numeric ? plan.name : keyOf(plan, value, position);
          else ids[at] = plan.numeric ? plan.first : plan.first + idOf(plan, value, position);
          if (factors === undefined) continue;
          if (plan.numeric) factors[at] = numberOf(plan, value, position);
          else if (column.weights !== undefined) factors[at] = weightOf(plan, column.weights[position], position);
          else if (plan.bag === "mean" && to - from > 1) factors[at] = 1 / (to - from);
        }
      }
    }
    return { count, cells: { ids: keys && rowsOf ? rowsOf(keys) : ids, offsets, factors } };
  }

  /** Rows of single values of one field. */
  rowsOf(field: string, values: ArrayLike<Key>, rowsOf?: (keys: string[]) => Uint32Array): Uint32Array {
    const plan = this.#plans.find(({ name }) => name === field);
    if (plan === undefined) throw this.#unknown(field);
    if (!isList(values)) {
      throw coded("ERR_WRONG_CLASS", `values must be an array of ids or keys, but is ${shown(values)}`);
    }
    const checked = Array.from(values as ArrayLike<Key>, (value, position) => {
      if (plan.numeric) numberOf(plan, value, position);
      return value;
    });
    if (rowsOf !== undefined) {
      return rowsOf(checked.map((value, position) => (plan.numeric ? plan.name : keyOf(plan, value, position))));
    }
    return Uint32Array.from(
      checked,
      (value, position) => plan.first + (plan.numeric ? 0 : idOf(plan, value, position)),
    );
  }

  /** The columns of all fields, checked for class and length. */
  read(columns: Examples["columns"]): Read {
    if (!isObject(columns)) throw coded("ERR_WRONG_CLASS", `columns must be an object, but is ${shown(columns)}`);
    for (const name of Object.keys(columns)) {
      if (!this.#plans.some((plan) => plan.name === name)) throw this.#unknown(name);
    }
    const read = this.#plans.map((plan) => valuesOf(plan, columns[plan.name]));
    const [first, ...others] = read.map(lengthOf);
    for (const [index, length] of others.entries()) {
      if (length !== first) {
        const [one, other] = [this.#plans[0]?.name, this.#plans[index + 1]?.name];
        throw coded("ERR_WRONG_LENGTH", `columns.${other} has ${length} examples, but columns.${one} has ${first}`);
      }
    }
    return { count: first ?? 0, columns: read };
  }

  #unknown(name: string): Error {
    const known = this.#plans.map((plan) => plan.name).join(", ");
    return coded("ERR_UNKNOWN_FEATURE", `there is no field ${shown(name)}; the model's are ${known}`);
  }
}

function checkedField(name: string, field: Field, keyed: boolean): Omit<Plan, "name" | "first"> {
  const where = `fields.${name}`;
  if (name.includes("="))
    throw coded("ERR_OPTION_VALUE", `fields must have names without =, but one is ${shown(name)}`);
  const options = typeof field === "number" ? { rows: field } : field;
  if (!isObject(options)) {
    throw coded("ERR_OPTION_VALUE", `${where} must be a number or an object, but is ${shown(field)}`);
  }
  const { rows, bag, numeric = false } = checkNames(where, options, ["rows", "bag", "numeric"]);
  if (typeof numeric !== "boolean") {
    throw coded("ERR_OPTION_VALUE", `${where}.numeric must be true or false, but is ${shown(numeric)}`);
  }
  const checked = { bag: choice(`${where}.bag`, bag ?? "mean", ["sum", "mean"]), numeric };
  if (keyed || numeric) {
    if (rows === undefined) return { ...checked, rows: 1 };
    const because = numeric ? "numeric: a number has one row" : "a vocabulary, which gives rows to all keys";
    throw coded("ERR_OPTION_CONFLICT", `${where}.rows cannot be combined with ${because}`);
  }
  if (rows === undefined) {
    throw coded("ERR_MISSING_OPTION", `${where}.rows is required, unless the model has a vocabulary`);
  }
  return { ...checked, rows: integer(`${where}.rows`, rows, 1, MOST_ROWS) };
}

/** A column's values and bags, checked as far as that takes no loop over values. */
function valuesOf({ name, numeric }: Plan, column: Column | undefined): Values {
  const where = `columns.${name}`;
  if (column === undefined) throw coded("ERR_MISSING_OPTION", `${where} is required`);
  if (isList(column)) return { values: column as ArrayLike<Key>, offsets: undefined, weights: undefined };
  const expected = `an array of ${numeric ? "numbers" : "ids or keys"} or an object with values and offsets`;
  if (!isObject(column)) throw coded("ERR_WRONG_CLASS", `${where} must be ${expected}, but is ${shown(column)}`);
  const { values, offsets, weights } = checkNames(where, column as BagColumn, ["values", "offsets", "weights"]);
  for (const [part, list] of Object.entries({ values, offsets })) {
    if (!isList(list))
      throw coded("ERR_WRONG_CLASS", `${where} must be ${expected}, but its ${part} are ${shown(list)}`);
  }
  checkOffsets(`${where}.offsets`, offsets, values.length);
  if (weights !== undefined && !isArray(weights, "Float32Array")) {
    throw coded("ERR_WRONG_CLASS", `${where}.weights must be a Float32Array, but is ${shown(weights)}`);
  }
  if (weights !== undefined && numeric) {
    throw coded(
      "ERR_OPTION_CONFLICT",
      `${where}.weights cannot be combined with a numeric field, whose values are weights`,
    );
  }
  if (weights !== undefined && weights.length !== values.length) {
    throw coded(
      "ERR_WRONG_LENGTH",
      `${where}.weights must have values.length = ${values.length} elements, but has ${weights.length}`,
    );
  }
  return { values, offsets, weights };
}

function isList(value: unknown): value is ArrayLike<never> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function checkOffsets(where: string, offsets: ArrayLike<number>, end: number): void {
  let before = 0;
  const last = offsets.length - 1;
  for (let position = 0; position <= last; position++) {
    const offset = offsets[position] as number;
    if (Number.isInteger(offset) && offset >= before && (position > 0 || offset === 0)) {
      before = offset;
      continue;
    }
    throw coded(
      "ERR_OFFSETS",
      `${where}[${position}] must be ${position === 0 ? 0 : `an integer of at least ${before}`}, but is ${shown(offset)}`,
    );
  }
  if (last < 0 || before !== end) {
    throw coded(
      "ERR_OFFSETS",
      `${where} must end with values.length = ${end}, but ends with ${last < 0 ? "nothing" : before}`,
    );
  }
}

function lengthOf({ values, offsets }: Values): number {
  return offsets === undefined ? values.length : offsets.length - 1;
}

/** Where each cell begins, written to `offsets` with the end behind. */
function cellStarts(columns: readonly Values[], count: number, offsets: Uint32Array): Uint32Array {
  let [cell, end] = [0, 0];
  for (let example = 0; example < count; example++) {
    for (const column of columns) {
      offsets[cell++] = end;
      end += column.offsets === undefined ? 1 : (column.offsets[example + 1] ?? 0) - (column.offsets[example] ?? 0);
    }
  }
  offsets[cell] = end;
  return offsets;
}

function idOf({ name, rows }: Plan, id: unknown, position: number): number {
  if (typeof id === "number" && id >= 0 && id < rows && Number.isInteger(id)) return id;
  if (typeof id !== "number") {
    throw coded("ERR_WRONG_CLASS", `columns.${name}[${position}] must be an integer, but is ${shown(id)}`);
  }
  throw coded("ERR_ID_OUT_OF_RANGE", `columns.${name}[${position}] is ${id}, but the field's ids are 0 to ${rows - 1}`);
}

/** Fields share a vocabulary, so a key begins with its field's name. Keys are compared as text. */
function keyOf({ name }: Plan, key: unknown, position: number): string {
  if (typeof key === "string" || typeof key === "bigint" || (typeof key === "number" && Number.isFinite(key))) {
    return `${name}=${key}`;
  }
  throw coded(
    "ERR_WRONG_CLASS",
    `columns.${name}[${position}] must be a string, a finite number or a bigint, but is ${shown(key)}`,
  );
}

function numberOf({ name }: Plan, value: unknown, position: number): number {
  if (typeof value !== "number") {
    throw coded("ERR_WRONG_CLASS", `columns.${name}[${position}] must be a number, but is ${shown(value)}`);
  }
  if (Number.isFinite(Math.fround(value))) return value;
  throw coded("ERR_NON_FINITE", `columns.${name}[${position}] is ${value}, but must be finite in float32`);
}

function weightOf({ name }: Plan, weight: number | undefined, position: number): number {
  if (Number.isFinite(weight)) return weight as number;
  throw coded("ERR_NON_FINITE", `columns.${name}.weights[${position}] is ${weight}, but must be finite`);
}
