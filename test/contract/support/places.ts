/** Where a table can run: each backend that there is, with one thread and with several. */
import type { LoadOptions } from "../../../index.js";
import { EmbeddingTable } from "../subject.js";

export type Place = Required<Pick<LoadOptions, "backend" | "threads">>;

function isThere(backend: "native" | "wasm"): boolean {
  try {
    new EmbeddingTable({ rows: 1, dim: 1, backend }).dispose();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_ADDON_MISSING") return false;
    throw error;
  }
}

export const places: readonly Place[] = (
  [
    { backend: "native", threads: 1 },
    { backend: "native", threads: 3 },
    { backend: "wasm", threads: 1 },
  ] as const
).filter(({ backend }) => isThere(backend));
