/** Examples out of the files that a command was given. */
import type { Progress } from "tallygrad";
import {
  type Column,
  type ExampleReader,
  type Examples,
  type FieldOptions,
  readCriteo,
  readDelimited,
  readMovieLens,
} from "tallygrad/models";
import { UsageError } from "./exit.js";
import type { DataFlags } from "./flags.js";
import type { Terminal } from "./terminal.js";

export interface Loaded {
  examples: Examples;
  fields: Record<string, FieldOptions>;
}

/** A reader for a file, as flags say. Its progress is shown, if it is to be watched. */
export function readerOf(
  file: string,
  flags: DataFlags,
  signal: AbortSignal,
  terminal: Terminal,
  watched = true,
): ExampleReader {
  const { format, malformed } = flags;
  let begun = false;
  const onProgress = ({ done, total }: Progress): void => {
    if (!begun && total !== undefined) terminal.start(`Reading ${file}`, total);
    begun = true;
    terminal.update(done);
  };
  const reading = { malformed, signal, ...(watched && { onProgress }) } as const;
  if (format === "criteo") return readCriteo(file, reading);
  const { positiveFrom } = flags;
  const positive = positiveFrom === undefined ? {} : { positiveFrom };
  if (format === "movielens") return readMovieLens(file, { ...reading, features: flags.features, ...positive });
  if (flags.label === undefined) throw new UsageError("--label says which column the labels are in; it is required");
  const { label, fields, numeric, delimiter, header, quotes, encoding } = flags;
  return readDelimited(file, {
    ...reading,
    ...positive,
    label,
    quotes,
    encoding,
    ...(flags.bags && { bags: separatorsOf(flags.bags) }),
    ...(fields && { fields }),
    ...(numeric && { numeric }),
    ...(delimiter && { delimiter: delimiter.replaceAll("\\t", "\t") }),
    ...(header && { header }),
  });
}

/** All of a file in memory. */
export async function load(file: string, flags: DataFlags, signal: AbortSignal, terminal: Terminal): Promise<Loaded> {
  const reader = readerOf(file, flags, signal, terminal);
  const examples = await reader.all();
  terminal.stop();
  tellSkipped(file, reader, terminal);
  if (examples.labels.length === 0) throw new UsageError(`${file} has no examples`);
  return { examples, fields: await reader.fields() };
}

export function tellSkipped(file: string, { skipped }: ExampleReader, terminal: Terminal): void {
  if (skipped > 0) terminal.warn(`${file}: ${skipped} malformed ${skipped === 1 ? "line" : "lines"} skipped`);
}

/** `["genres=|"]` as what stands between values by column. */
function separatorsOf(bags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    bags.map((bag) => {
      const at = bag.indexOf("=");
      if (at > 0 && at < bag.length - 1) return [bag.slice(0, at), bag.slice(at + 1)];
      throw new UsageError(`--bags must be name=separator, such as genres=|, not "${bag}"`);
    }),
  );
}

/** How many keys there are in all columns that have keys. */
export function distinctKeys({ columns }: Examples): number {
  return Object.values(columns).reduce((sum, column) => sum + keysOf(column), 0);
}

function keysOf(column: Column): number {
  if (column instanceof Float32Array || column instanceof Float64Array) return 1;
  return new Set("offsets" in column ? (column.values as readonly unknown[]) : column).size;
}
