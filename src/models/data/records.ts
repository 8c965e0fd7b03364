/**
 * Lines as records of fields, as RFC 4180 has them: a field in quotes may have delimiters, doubled quotes and line ends in it. Lines without a quote are
 * split at the delimiters, which is all there is to do and ten times as fast; csv-parse takes the others apart.
 */

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { type LineBlock, MOST_LINE } from "./lines.js";

const QUOTE = '"';

/** What is wrong with a record. */
export interface Fault {
  /** The field it is in, by its position, if it is in one. */
  field?: number;
  /** What the field must be and is, or, if there is none, a whole sentence. */
  says: string;
}

/** The fields of a line, or of several if a quoted field goes on. */
export interface FieldsAt {
  /** The number of the (first) line. */
  line: number;
  fields: readonly string[];
  /** The fields are not to be used if there is one. */
  fault?: Fault;
}

/** How records are written. */
export interface Notation {
  delimiter: string;
  /** Whether fields may be in quotes. */
  quotes: boolean;
  /** Fields that a record must have, as the first one says. */
  widthOf(first: readonly string[]): number;
}

/** Makes records of lines, block by block. Empty lines are none. */
export class Records {
  readonly #notation: Notation;
  #width: number | undefined;
  /** Lines of a record that goes on, and the first one's number. */
  #held: readonly string[] = [];
  #from = 1;
  #unreadable = new Map<number, string>();

  constructor(notation: Notation) {
    this.#notation = notation;
  }

  /** The records that end in a block. */
  of({ first, lines, unreadable }: LineBlock): FieldsAt[] {
    for (const [line, what] of unreadable) this.#unreadable.set(line, what);
    return this.#held.length === 0
      ? this.#records(lines, first, false)
      : this.#records([...this.#held, ...lines], this.#from, false);
  }

  /** What is left at the end of the file. */
  rest(): FieldsAt[] {
    return this.#records(this.#held, this.#from, true);
  }

  /**
   * Records of lines from the `first` on. A faulty one costs its first line only: the next ones are looked at again, so that a quote that nobody closed
   * does not take the rest of a file with it.
   */
  #records(lines: readonly string[], first: number, last: boolean): FieldsAt[] {
    const { delimiter, quotes } = this.#notation;
    const records: FieldsAt[] = [];
    let position = 0;
    while (position < lines.length) {
      const line = lines[position] ?? "";
      let end: number | undefined = position + 1;
      if (!(quotes && line.includes(QUOTE))) {
        const fields = withoutReturn(line);
        if (fields !== "" || this.#unreadable.has(first + position)) {
          records.push(this.#checked({ line: first + position, fields: fields.split(delimiter) }, 1));
        }
      } else {
        end = endOfQuotes(lines, position);
        if (end === undefined && !last && sizeFrom(lines, position) <= MOST_LINE) break;
        const record = this.#parsed(lines.slice(position, end), first + position);
        records.push(record);
        if (record.fault !== undefined) end = position + 1;
      }
      position = end ?? lines.length;
    }
    this.#held = lines.slice(position);
    this.#from = first + position;
    if (this.#held.length === 0) this.#unreadable.clear();
    return records;
  }

  #parsed(lines: readonly string[], line: number): FieldsAt {
    const { delimiter } = this.#notation;
    const options = { delimiter, record_delimiter: "\n", relax_column_count: true };
    try {
      const [fields = []] = parse(withoutReturn(lines.join("\n")), options);
      return this.#checked({ line, fields }, lines.length);
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      return { line, fields: [], fault: continued(quoteFault(error), line, lines.length) };
    }
  }

  /** A record with what is wrong with its lines or their number of fields. */
  #checked(record: FieldsAt, lines: number): FieldsAt {
    const { line, fields } = record;
    if (this.#unreadable.size > 0) {
      for (let number = line; number < line + lines; number++) {
        const says = this.#unreadable.get(number);
        if (says !== undefined) return { line: number, fields, fault: { says } };
      }
    }
    this.#width ??= this.#notation.widthOf(fields);
    if (fields.length === this.#width) return record;
    const says = `the line has ${fields.length} fields, where ${this.#width} should be`;
    return { ...record, fault: continued({ says }, line, lines) };
  }
}

/** What csv-parse refused. */
function quoteFault(error: CsvError): Fault {
  const says = {
    CSV_QUOTE_NOT_CLOSED: "begins with a quote that is not closed",
    CSV_INVALID_CLOSING_QUOTE: "has a quote that neither ends it nor is doubled",
    INVALID_OPENING_QUOTE: "has a quote, but does not begin with one",
  }[error.code as string];
  const fault: Fault = { says: says ?? error.message };
  if (typeof error.column === "number") fault.field = error.column;
  return fault;
}

/** A fault of a record that may have several lines. */
function continued(fault: Fault, line: number, lines: number): Fault {
  if (lines === 1) return fault;
  return { ...fault, says: `${fault.says} (by its quotes the record goes on to line ${line + lines - 1})` };
}

/** The position after the line that closes the quotes of the line at `start`, if there is one. */
function endOfQuotes(lines: readonly string[], start: number): number | undefined {
  let open = false;
  for (let position = start; position < lines.length; position++) {
    if (hasOddQuotes(lines[position] ?? "")) open = !open;
    if (!open) return position + 1;
  }
  return undefined;
}

function hasOddQuotes(line: string): boolean {
  let odd = false;
  for (let at = line.indexOf(QUOTE); at !== -1; at = line.indexOf(QUOTE, at + 1)) odd = !odd;
  return odd;
}

function sizeFrom(lines: readonly string[], start: number): number {
  let size = 0;
  for (let position = start; position < lines.length; position++) size += (lines[position] ?? "").length + 1;
  return size;
}

/** A line without the carriage return of Windows' line ends. */
function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
