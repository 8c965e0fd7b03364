/** Criteo's display advertising format: a label, 13 integers and 26 categories a line, between tabs, without quotes. */

import type { Source } from "../../../index.d.ts";
import type { ExampleReader, ReadOptions } from "../../../models.d.ts";
import { type ColumnFormat, fieldsOf, type Layout } from "./columns.js";
import { nameOf } from "./lines.js";
import { FileReader, readingOf } from "./reader.js";

const INTEGER = /^-?\d+$/;
/** Integers whose keys are kept at hand. */
const KEPT = 1 << 16;

const integers = Array.from({ length: 13 }, (_, i) => `I${i + 1}`);
const categories = Array.from({ length: 26 }, (_, i) => `C${i + 1}`);

/** See models.d.ts. */
export function readCriteo(source: Source, options: ReadOptions = {}): ExampleReader {
  const reading = readingOf(options);
  const layout = criteoLayout();
  const file = {
    ...{
      source,
      name: nameOf(source),
      encoding: "utf-8" as const,
      signal: options.signal,
      onProgress: options.onProgress,
    },
    ...{ delimiter: "\t", quotes: false, header: false, widthOf: () => layout.names.length },
    layout: () => layout,
    fields: fieldsOf(layout.columns),
  };
  return new FileReader(file, reading);
}

function criteoLayout(): Layout {
  const keys = new Map<string, string>([["", ""]]);
  const read = (text: string): string | undefined => {
    const kept = keys.get(text);
    if (kept !== undefined) return kept;
    if (!INTEGER.test(text)) return undefined;
    const key = integerKey(Number(text));
    if (keys.size < KEPT) keys.set(text, key);
    return key;
  };
  const columns: ColumnFormat[] = [
    ...integers.map((name, i) => ({ kind: "key" as const, name, at: 1 + i, read, expected: "an integer" })),
    ...categories.map((name, i) => ({ kind: "key" as const, name, at: 1 + integers.length + i })),
  ];
  const label = { kind: "number" as const, name: "label", at: 0, required: true, allows: isBinary, expected: "0 or 1" };
  return { names: ["label", ...integers, ...categories], label, columns };
}

/**
 * The category of an integer: itself up to 2, and above that one of a class of integers, by floor(ln(x)^2), as the winners of Criteo's contest had it.
 * No integer is so near to a class's end that two logarithms could disagree.
 */
function integerKey(integer: number): string {
  return integer > 2 ? `log${Math.floor(Math.log(integer) ** 2)}` : String(integer);
}

function isBinary(number: number): boolean {
  return number === 0 || number === 1;
}
