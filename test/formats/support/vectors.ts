/** Files that NumPy, safetensors and gensim wrote (test/vectors/formats), what these say is in them, and tables to write. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Rows } from "../../../formats.js";

const folder = new URL("../../vectors/formats/", import.meta.url);

/** The path of a file there. */
export const vectorPath = (name: string): string => fileURLToPath(new URL(name, folder));
/** The bytes of a file there. */
export const vectorBytes = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(name, folder)));

interface Expected extends Record<"f4" | "f2" | "f8" | "bf16", string[]> {
  rows: number;
  dim: number;
  keys: string[];
}
export const expected: Expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
export const { rows, dim, keys } = expected;

/** Numbers as those tools print them, as float32. */
export const numbersOf = (type: "f4" | "f2" | "f8" | "bf16"): Float32Array =>
  Float32Array.from(expected[type], (number) => Number(number));

/** The least that can be written: weights with the three members of a table. */
export function tableOf(weights: Float32Array, width: number): Rows {
  return {
    rows: weights.length / width,
    dim: width,
    lookup(ids, out) {
      for (const [i, id] of ids.entries()) out.set(weights.subarray(id * width, (id + 1) * width), i * width);
      return out;
    },
  };
}

/** The bits of numbers: -0 is not 0. */
export const bitsOf = (numbers: Float32Array): number[] => [...new Uint32Array(numbers.slice().buffer)];

/** What a Blob holds, as text in which each character is a byte. */
export async function binaryText(blob: Blob | undefined): Promise<string> {
  return Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).toString("latin1");
}
