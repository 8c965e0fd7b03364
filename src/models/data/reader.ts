/** The way from a file to examples that all readers go: records, checked, and made into pieces of columns. */

import type { ExampleReader, Examples, FieldOptions, ReadOptions } from "../../../models.d.ts";
import { coded } from "../../errors.js";
import { checkOptions } from "../../formats/files.js";
import { choice, integer } from "../../options.js";
import { fieldsOf, type Layout, Piece } from "./columns.js";
import { againUnlessStream, isStream, linesOf, type TextFile } from "./lines.js";
import { type Fault, type FieldsAt, type Notation, Records } from "./records.js";

const DEFAULT_PIECE = 1 << 16;

/** A file whose records become examples. */
export interface DataFile extends TextFile, Notation {
  /** Whether the first record has the columns' names, and no example. */
  header: boolean;
  /** What the records are made into, as the first one says. What else has to be read for that may have malformed lines, too. */
  layout(first: FieldsAt, malformed: Malformed): Layout | Promise<Layout>;
  /** The fields there are, where they are known without the file. */
  fields?: Record<string, FieldOptions>;
}

/** What is done with a line that is not as it should be. */
export class Malformed {
  readonly #skips: boolean;
  /** Lines that were left out. */
  skipped = 0;

  constructor(skips: boolean) {
    this.#skips = skips;
  }

  /** Leaves a line out, or throws. */
  at(file: string, line: number, says: string): void {
    if (!this.#skips) throw dataError(file, line, says);
    this.skipped++;
  }
}

export function dataError(file: string, line: number, says: string): Error {
  return coded("ERR_DATA", `${file}:${line}: ${says}`);
}

/** What is wrong with a record of fields that have these names. */
export function sentence({ field, says }: Fault, names: readonly string[]): string {
  return field === undefined ? says : `${names[field] ?? `field ${field + 1}`} ${says}`;
}

/** What all readers may be told, checked. */
export interface Reading {
  skips: boolean;
  piece: number;
}

/** Checks the options of a reader; `names` are those it has besides {@link ReadOptions}. */
export function readingOf(options: ReadOptions, names: readonly string[] = []): Reading {
  checkOptions(options, ["malformed", "piece", ...names]);
  const { malformed, piece = DEFAULT_PIECE } = options;
  return {
    skips: choice("malformed", malformed, ["error", "skip"]) === "skip",
    piece: integer("piece", piece, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** A file's records, some thousand at a time. */
export async function* recordsOf(file: TextFile & Notation): AsyncGenerator<FieldsAt[], void> {
  const records = new Records(file);
  for await (const block of linesOf(file)) yield records.of(block);
  yield records.rest();
}

/** See models.d.ts. */
export class FileReader implements ExampleReader {
  readonly #file: DataFile;
  readonly #reading: Reading;
  readonly #open: () => AsyncGenerator<FieldsAt[], void>;
  /** What `fields` read of a stream, which cannot be read again. */
  #begun: AsyncGenerator<FieldsAt[], void> | undefined;
  #malformed: Malformed;

  constructor(file: DataFile, reading: Reading) {
    this.#file = file;
    this.#reading = reading;
    this.#malformed = new Malformed(reading.skips);
    this.#open = againUnlessStream(file.source, () => recordsOf(file));
  }

  get skipped(): number {
    return this.#malformed.skipped;
  }

  async fields(): Promise<Record<string, FieldOptions>> {
    if (this.#file.fields !== undefined) return this.#file.fields;
    const records = this.#records();
    const read: FieldsAt[][] = [];
    try {
      for (let first: FieldsAt | undefined; ; ) {
        const { value } = await records.next();
        if (value === undefined) throw this.#onlyEmptyLines();
        read.push(value);
        [first] = value;
        if (first === undefined) continue;
        const { columns } = await this.#file.layout(first, new Malformed(this.#reading.skips));
        return fieldsOf(columns);
      }
    } finally {
      if (isStream(this.#file.source)) this.#begun = resumed(read, records);
      else await records.return();
    }
  }

  async all(): Promise<Examples> {
    const { value } = await this.#examples(Number.POSITIVE_INFINITY).next();
    if (value === undefined) throw this.#onlyEmptyLines();
    return value;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Examples, void> {
    return this.#examples(this.#reading.piece);
  }

  async *#examples(size: number): AsyncGenerator<Examples, void> {
    const { name, header } = this.#file;
    const malformed = new Malformed(this.#reading.skips);
    this.#malformed = malformed;
    let [layout, piece]: [Layout?, Piece?] = [];
    for await (const records of this.#records()) {
      for (const record of records) {
        if (layout === undefined || piece === undefined) {
          layout = await this.#file.layout(record, malformed);
          piece = new Piece(layout);
          if (header) continue;
        }
        const fault = record.fault ?? piece.add(record.fields);
        if (fault !== undefined) malformed.at(name, record.line, sentence(fault, layout.names));
        else if (piece.count === size) yield piece.take();
      }
    }
    if (piece === undefined) throw this.#onlyEmptyLines();
    if (piece.count > 0 || size === Number.POSITIVE_INFINITY) yield piece.take();
  }

  #records(): AsyncGenerator<FieldsAt[], void> {
    const begun = this.#begun;
    this.#begun = undefined;
    return begun ?? this.#open();
  }

  #onlyEmptyLines(): Error {
    return coded("ERR_DATA", `${this.#file.name} has only empty lines`);
  }
}

/** What was read before, and then the rest. */
async function* resumed<Value>(read: Value[], rest: AsyncGenerator<Value, void>): AsyncGenerator<Value, void> {
  yield* read;
  yield* rest;
}
