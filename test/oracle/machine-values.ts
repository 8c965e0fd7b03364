/** What the columns of examples stand for: for each example, field by field, rows and what they are multiplied with. From `docs/models.md`. Part of the oracle. */
import type { BagColumn, Column, Examples, FieldOptions } from "../../models.js";
import { at } from "./at.js";

/** A value of an example: its row, and its factor x. */
export interface Value {
  readonly row: number;
  readonly factor: number;
}

/** The values of an example's fields, in their order. */
export type Cells = readonly (readonly Value[])[];

export type Fields = Readonly<Record<string, FieldOptions>>;

/** How many rows there are. */
export function rowsOf(fields: Fields): number {
  return Object.values(fields).reduce((sum, field) => sum + (field.rows ?? 1), 0);
}

/** Every example's cells. */
export function cellsOf(fields: Fields, columns: Examples["columns"]): Cells[] {
  let first = 0;
  const byField = Object.entries(fields).map(([name, field]) => {
    const cells = cellsOfColumn(field, first, columns[name] ?? []);
    first += field.rows ?? 1;
    return cells;
  });
  return at(byField, 0).map((_, example) => byField.map((cells) => at(cells, example)));
}

function cellsOfColumn({ bag = "mean", numeric = false }: FieldOptions, first: number, column: Column): Value[][] {
  const { values, offsets, weights } = asBags(column);
  return Array.from({ length: offsets.length - 1 }, (_, example) => {
    const [start, end] = [at(offsets, example), at(offsets, example + 1)];
    return Array.from({ length: end - start }, (_, index) => {
      const value = Number(at(values as ArrayLike<number>, start + index));
      if (numeric) return { row: first, factor: Math.fround(value) };
      const own = bag === "mean" ? Math.fround(1 / (end - start)) : 1;
      return { row: first + value, factor: weights === undefined ? own : at(weights, start + index) };
    });
  });
}

function asBags(column: Column): BagColumn {
  if ("offsets" in column) return column;
  return { values: column as Uint32Array, offsets: Array.from({ length: column.length + 1 }, (_, i) => i) };
}
