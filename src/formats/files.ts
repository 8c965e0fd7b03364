/** Opens what a format reads and closes it again, and writes what a format makes, with what all such calls may be told. */

import type { LongCallOptions, Source, Target } from "../../index.d.ts";
import { coded, shown } from "../errors.js";
import { Reader } from "../files/source.js";
import { writeTo } from "../files/target.js";
import { checkNames } from "../options.js";

const LONG_CALL = ["signal", "onProgress"];

/** Checks the names of options that a call has besides those of all long calls. */
export function checkOptions(options: LongCallOptions, names: readonly string[]): void {
  checkNames("options", options, [...names, ...LONG_CALL]);
  if (options.onProgress !== undefined && typeof options.onProgress !== "function") {
    throw coded("ERR_OPTION_VALUE", `onProgress must be a function, but is ${shown(options.onProgress)}`);
  }
}

/** Reads a source with `read`, which is given a reader; closes it whatever happens. */
export async function reading<Result>(
  source: Source,
  { signal, onProgress }: LongCallOptions,
  read: (reader: Reader) => Promise<Result>,
): Promise<Result> {
  const reader = await Reader.open(source, signal, onProgress);
  try {
    return await read(reader);
  } finally {
    await reader.close();
  }
}

/** Writes chunks to a target, or gives them as a Blob. */
export async function writing(
  target: Target | undefined,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  options: LongCallOptions,
  total?: number,
): Promise<Blob | undefined> {
  async function* asynchronous(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield* chunks;
  }
  return writeTo(target, asynchronous(), { ...options, total });
}
