/** Examples of keys as examples of ids, which are read faster when the same examples are trained on many times. */
import type { Key } from "tallygrad";
import type { BagColumn, Column, Examples, Field } from "tallygrad/models";

export interface Numbered {
  examples: Examples;
  fields: Record<string, Field>;
}

/** Keys of each column are numbered as they first occur. Columns of floats stay. */
export function numbered({ columns, ...rest }: Examples): Numbered {
  const all = Object.entries(columns).map(([name, column]) => [name, ...numberedColumn(column)] as const);
  return {
    examples: { ...rest, columns: Object.fromEntries(all.map(([name, column]) => [name, column])) },
    fields: Object.fromEntries(all.map(([name, , field]) => [name, field])),
  };
}

function numberedColumn(column: Column): [Column, Field] {
  if (column instanceof Float32Array || column instanceof Float64Array) return [column, { numeric: true }];
  const bag = "offsets" in column;
  const known = new Map<Key, number>();
  const ids = Uint32Array.from((bag ? column.values : column) as readonly Key[], (key) => {
    const id = known.get(key) ?? known.size;
    known.set(key, id);
    return id;
  });
  const rows = Math.max(known.size, 1);
  return bag ? [{ ...(column as BagColumn), values: ids }, { rows }] : [ids, rows];
}
