/** What the tests of readers share. */
import { expect } from "vitest";
import type { BagColumn, Column, ExampleReader, Examples } from "../../../models.js";

/** A file of these lines. */
export const fileOf = (...lines: string[]): File => new File([lines.map((line) => `${line}\n`).join("")], "clicks.csv");

/** A stream of these chunks. */
export const streamOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

/** All pieces of a reader. */
export async function piecesOf(reader: ExampleReader): Promise<Examples[]> {
  const pieces: Examples[] = [];
  for await (const piece of reader) pieces.push(piece);
  return pieces;
}

/** A column's values, a list an example, whatever its form. */
export function listsOf(column: Column | undefined): unknown[][] {
  if (column === undefined) throw new Error("there is no such column");
  if (Array.isArray(column) || ArrayBuffer.isView(column)) return Array.from(column as unknown[], (value) => [value]);
  const { values, offsets } = column as BagColumn;
  return Array.from(offsets.slice(1), (end, example) => Array.from(values.slice(offsets[example], end)));
}

/** Expects a reader to refuse its file with `ERR_DATA` and this message. */
export async function expectRefused(reader: { all(): Promise<unknown> }, message: string): Promise<void> {
  await expect(reader.all()).rejects.toMatchObject({ constructor: Error, code: "ERR_DATA", message });
}
