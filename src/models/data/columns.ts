/** Records as examples, column by column: what each field's text has to be, and what becomes of it. */

import type { BagColumn, Column, Examples, FieldOptions } from "../../../models.d.ts";
import { shown } from "../../errors.js";
import { DECIMAL } from "../../files/decimal.js";
import type { Fault } from "./records.js";

/** Keys of a column's piece that are held once, however often they occur. */
const SHARED = 1 << 16;
/** Characters of a text that an error shows. */
const SHOWN = 60;

/** A column of keys. */
export interface KeyColumn {
  kind: "key";
  name: string;
  /** The field's position in a record. Several columns may come from one. */
  at: number;
  /** The key of a text, "" if it is missing and nothing if the text is wrong. Default: the text. */
  read?: (text: string) => string | undefined;
  /** What the text must be. */
  expected?: string;
}

/** A column of several keys an example. */
export interface BagsColumn {
  kind: "bag";
  name: string;
  at: number;
  /** The keys of a text, nothing if it is wrong. */
  read: (text: string) => readonly string[] | undefined;
  expected?: string;
}

/** A column of numbers. */
export interface NumberColumn {
  kind: "number";
  name: string;
  at: number;
  /** Whether there has to be a number; else an empty text is 0. */
  required?: boolean;
  /** Whether a number is one that may be there. Default: any finite float32. */
  allows?: (number: number) => boolean;
  expected?: string;
  /** What becomes of a number. */
  read?: (number: number) => number;
}

export type ColumnFormat = KeyColumn | BagsColumn | NumberColumn;

/** What a file's records are made into. */
export interface Layout {
  /** Fields of a record, by their names. */
  names: readonly string[];
  label: NumberColumn;
  columns: readonly ColumnFormat[];
}

/** Columns as a model with a vocabulary takes them. */
export function fieldsOf(columns: readonly ColumnFormat[]): Record<string, FieldOptions> {
  return Object.fromEntries(columns.map(({ name, kind }) => [name, kind === "number" ? { numeric: true } : {}]));
}

/** Collects examples. */
export class Piece {
  readonly #label: Numbers;
  readonly #columns: readonly Collector[];
  #count = 0;

  constructor({ label, columns }: Layout) {
    this.#label = new Numbers(label);
    this.#columns = columns.map(collector);
  }

  /** Examples so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds a record's example, or says why it is none. */
  add(fields: readonly string[]): Fault | undefined {
    const fault = this.#label.set(this.#count, fields);
    if (fault !== undefined) return fault;
    for (const column of this.#columns) {
      const fault = column.set(this.#count, fields);
      if (fault !== undefined) return fault;
    }
    this.#count++;
    return undefined;
  }

  /** The examples, after which there are none again. */
  take(): Examples {
    const count = this.#count;
    this.#count = 0;
    // Not an assignment, which a column called __proto__ would not survive.
    const columns = Object.fromEntries(this.#columns.map((column) => [column.name, column.take(count)]));
    return { columns, labels: this.#label.take(count) };
  }
}

/** Values of a column. What was set for an example that came to nothing is overwritten by the next. */
interface Collector {
  readonly name: string;
  set(example: number, fields: readonly string[]): Fault | undefined;
  take(count: number): Column;
}

function collector(column: ColumnFormat): Collector {
  if (column.kind === "number") return new Numbers(column);
  return column.kind === "key" ? new Keys(column) : new Bags(column);
}

class Keys implements Collector {
  readonly name: string;
  readonly #format: KeyColumn;
  #shared = new SharedKeys();
  #keys: string[] = [];

  constructor(format: KeyColumn) {
    this.name = format.name;
    this.#format = format;
  }

  set(example: number, fields: readonly string[]): Fault | undefined {
    const { at, read } = this.#format;
    const text = fields[at] ?? "";
    const key = read === undefined ? text : read(text);
    if (key === undefined) return fault(this.#format, text);
    this.#keys[example] = this.#shared.like(key);
    return undefined;
  }

  take(count: number): readonly string[] | BagColumn {
    const keys = this.#keys;
    this.#keys = [];
    this.#shared = new SharedKeys();
    keys.length = count;
    if (!keys.includes("")) return keys;
    const offsets = new Uint32Array(count + 1);
    for (let example = 0; example < count; example++) {
      offsets[example + 1] = (offsets[example] ?? 0) + (keys[example] === "" ? 0 : 1);
    }
    return { values: keys.filter((key) => key !== ""), offsets };
  }
}

class Bags implements Collector {
  readonly name: string;
  readonly #format: BagsColumn;
  #shared = new SharedKeys();
  #values: string[] = [];
  #offsets: number[] = [0];

  constructor(format: BagsColumn) {
    this.name = format.name;
    this.#format = format;
  }

  set(example: number, fields: readonly string[]): Fault | undefined {
    const text = fields[this.#format.at] ?? "";
    const keys = this.#format.read(text);
    if (keys === undefined) return fault(this.#format, text);
    let end = this.#offsets[example] ?? 0;
    for (const key of keys) this.#values[end++] = this.#shared.like(key);
    this.#offsets[example + 1] = end;
    return undefined;
  }

  take(count: number): BagColumn {
    const [values, offsets] = [this.#values, this.#offsets];
    [this.#values, this.#offsets] = [[], [0]];
    this.#shared = new SharedKeys();
    values.length = offsets[count] ?? 0;
    return { values, offsets: new Uint32Array(offsets.slice(0, count + 1)) };
  }
}

/** Strings in place of equal ones, which saves half of the memory of examples. An engine's strings may keep the text alive that they were cut from. */
class SharedKeys {
  readonly #keys = new Map<string, string>();

  like(key: string): string {
    const shared = this.#keys.get(key);
    if (shared !== undefined) return shared;
    if (this.#keys.size < SHARED) this.#keys.set(key, key);
    return key;
  }
}

class Numbers implements Collector {
  readonly name: string;
  readonly #format: NumberColumn;
  #numbers: number[] = [];

  constructor(format: NumberColumn) {
    this.name = format.name;
    this.#format = format;
  }

  set(example: number, fields: readonly string[]): Fault | undefined {
    const { at, required, allows, read } = this.#format;
    const text = fields[at] ?? "";
    const number = text === "" && !required ? 0 : numberIn(text);
    if (number === undefined || allows?.(number) === false) return fault(this.#format, text);
    this.#numbers[example] = read === undefined ? number : read(number);
    return undefined;
  }

  take(count: number): Float32Array {
    const numbers = this.#numbers;
    this.#numbers = [];
    numbers.length = count;
    return new Float32Array(numbers);
  }
}

/** The number in a text, if it is one that a float32 can come near to. Spaces around it do not count. */
function numberIn(text: string): number | undefined {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) return undefined;
  const number = Number(trimmed);
  return Number.isFinite(Math.fround(number)) ? number : undefined;
}

function fault({ at, expected = "a finite number" }: ColumnFormat, text: string): Fault {
  return { field: at, says: `must be ${expected}, but is ${excerpt(text)}` };
}

/** The keys in a text, without empty ones. */
export function bagIn(text: string, separator: string): readonly string[] {
  return text.split(separator).filter((key) => key !== "");
}

/** A text as errors show it. */
export function excerpt(text: string): string {
  return shown(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
