/** Files with a line an example and fields between delimiters, by the names of their columns. */

import type { Source } from "../../../index.d.ts";
import type { DelimitedOptions, ExampleReader } from "../../../models.d.ts";
import { coded, shown } from "../../errors.js";
import { choice, isObject, nearest } from "../../options.js";
import { bagIn, type ColumnFormat, excerpt, type Layout } from "./columns.js";
import { nameOf } from "./lines.js";
import { dataError, FileReader, readingOf, sentence } from "./reader.js";
import type { FieldsAt } from "./records.js";

const OWN_OPTIONS = [
  ...["label", "positiveFrom", "fields", "numeric", "bags"],
  ...["delimiter", "header", "quotes", "encoding"],
] as const;

/** What a file is to be read as, checked as far as it can be without the file. */
interface Wanted {
  label: string;
  positiveFrom: number | undefined;
  /** All but the label if there are none. */
  fields: readonly string[] | undefined;
  numeric: readonly string[];
  bags: ReadonlyMap<string, string>;
}

/** See models.d.ts. */
export function readDelimited(source: Source, options: DelimitedOptions): ExampleReader {
  const reading = readingOf(options, OWN_OPTIONS);
  const wanted = wantedOf(options);
  const header = options.header === undefined ? undefined : listOfNames("header", options.header);
  const name = nameOf(source);
  const delimiter = delimiterOf(options.delimiter, name);
  const file = {
    ...{ source, name, signal: options.signal, onProgress: options.onProgress },
    encoding: choice("encoding", options.encoding, ["utf-8", "latin1"]),
    delimiter,
    quotes: quotesOf(options.quotes),
    header: header === undefined,
    widthOf: (first: readonly string[]) => (header ?? first).length,
    layout: (first: FieldsAt) =>
      layoutOf(header ?? namesIn(first, name), wanted, { name, line: first.line, delimiter }),
  };
  return new FileReader(file, reading);
}

function wantedOf({ label, positiveFrom, fields, numeric, bags = {} }: DelimitedOptions): Wanted {
  if (label === undefined) throw coded("ERR_MISSING_OPTION", "label is required: the name of the label's column");
  const wanted: Wanted = {
    label: textOf("label", label),
    positiveFrom: positiveFrom === undefined ? undefined : numberOf("positiveFrom", positiveFrom),
    fields: fields === undefined ? undefined : listOfNames("fields", fields),
    numeric: numeric === undefined ? [] : listOfNames("numeric", numeric),
    bags: separators(bags),
  };
  if (wanted.fields?.includes(label)) throw conflict(`fields has the label's column, ${shown(label)}`);
  for (const name of wanted.numeric) {
    if (wanted.bags.has(name)) throw conflict(`${shown(name)} is in numeric and in bags`);
  }
  for (const [option, names] of [
    ["numeric", wanted.numeric],
    ["bags", [...wanted.bags.keys()]],
  ] as const) {
    for (const name of names) {
      if (name === label) throw conflict(`${option} has the label's column, ${shown(label)}`);
      if (wanted.fields?.includes(name) === false) throw conflict(`${option} has ${shown(name)}, which fields has not`);
    }
  }
  return wanted;
}

/** The columns of a file whose first line has these names. */
function layoutOf(
  names: readonly string[],
  wanted: Wanted,
  at: { name: string; line: number; delimiter: string },
): Layout {
  const { label, positiveFrom, numeric, bags } = wanted;
  const positionOf = (column: string): number => {
    const position = names.indexOf(column);
    if (position === -1) throw dataError(at.name, at.line, withoutColumn(column, names, at.delimiter));
    if (names.indexOf(column, position + 1) !== -1) {
      throw dataError(at.name, at.line, `two columns have the name ${shown(column)}`);
    }
    return position;
  };
  for (const column of [label, ...numeric, ...bags.keys()]) positionOf(column);
  const fields = wanted.fields ?? names.filter((column) => column !== label);
  if (wanted.fields === undefined && fields.includes("")) {
    throw dataError(
      at.name,
      at.line,
      `column ${names.indexOf("") + 1} has no name; say which ones to read with fields`,
    );
  }
  return {
    names,
    label: {
      ...{ kind: "number", name: label, at: positionOf(label), required: true },
      ...(positiveFrom === undefined ? {} : { read: (value: number) => (value >= positiveFrom ? 1 : 0) }),
    },
    columns: fields.map((name): ColumnFormat => {
      const position = positionOf(name);
      if (numeric.includes(name)) return { kind: "number", name, at: position };
      const separator = bags.get(name);
      if (separator === undefined) return { kind: "key", name, at: position };
      return { kind: "bag", name, at: position, read: (text) => bagIn(text, separator) };
    }),
  };
}

/** The names that a file's first record has. */
function namesIn({ line, fields, fault }: FieldsAt, name: string): readonly string[] {
  if (fault !== undefined) throw dataError(name, line, sentence(fault, []));
  return fields;
}

function withoutColumn(column: string, names: readonly string[], delimiter: string): string {
  const all = `there is no column ${shown(column)}`;
  const [only = ""] = names;
  if (names.length > 1) return `${all}; did you mean ${shown(nearest(column, names))}?`;
  return `${all}, only ${excerpt(only)}; is the delimiter another than ${shown(delimiter)}?`;
}

/** The separators of the columns that hold several values. */
function separators(bags: unknown): ReadonlyMap<string, string> {
  if (!isObject(bags)) throw wrong("bags", "an object of separators by column", bags);
  return new Map(
    Object.entries(bags).map(([name, separator]) => [name, textOf(`bags[${shown(name)}]`, separator)] as const),
  );
}

function delimiterOf(given: unknown, name: string): string {
  if (given === undefined) return /\.(?:tsv|tab)(?:\.gz)?$/i.test(name) ? "\t" : ",";
  const delimiter = textOf("delimiter", given);
  if (/["\r\n]/.test(delimiter)) throw wrong("delimiter", "without quotes and line ends", given);
  return delimiter;
}

function quotesOf(given: unknown = true): boolean {
  if (typeof given !== "boolean") throw wrong("quotes", "true or false", given);
  return given;
}

/** Names of columns, each once. */
function listOfNames(option: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw wrong(option, "an array of columns' names", given);
  const names = given.map((name, position) => textOf(`${option}[${position}]`, name));
  for (const [position, name] of names.entries()) {
    if (names.indexOf(name) < position) throw coded("ERR_OPTION_VALUE", `${option} has ${shown(name)} twice`);
  }
  return names;
}

function textOf(option: string, given: unknown): string {
  if (typeof given !== "string" || given === "") throw wrong(option, "a text that is not empty", given);
  return given;
}

function numberOf(option: string, given: unknown): number {
  if (typeof given !== "number" || Number.isNaN(given)) throw wrong(option, "a number", given);
  return given;
}

function wrong(option: string, expected: string, given: unknown): Error {
  return coded("ERR_OPTION_VALUE", `${option} must be ${expected}, but is ${shown(given)}`);
}

function conflict(says: string): Error {
  return coded("ERR_OPTION_CONFLICT", says);
}
