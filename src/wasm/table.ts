/** Tables in WebAssembly memory, which nothing outside of this folder ever sees: ids, gradients and results are copied across through a stage. */

import { viewOf } from "../arguments.js";
import { coded } from "../errors.js";
import type { KernelOptions, KernelTable } from "../kernel.js";
import { attempt, checkFault, type Instance, refuse, reserve } from "./instance.js";
import type { Options, Stage, Table } from "./kernel.js";

/** Floats that are staged before they are inspected: few enough to be in a cache then. */
const PART = 65_536;

/** A new table. */
export function createTable(
  running: Instance,
  options: KernelOptions,
  doubles?: Float64Array,
  floats?: Float32Array,
): KernelTable {
  const counts = doubles && viewOf(doubles, "Float64Array");
  const values = floats && viewOf(floats, "Float32Array");
  const bytesOfCounts = counts?.byteLength ?? 0;
  checkFault(running);
  return attempt(running, () => {
    const { start, bytes } = reserve(running, bytesOfCounts + (values?.byteLength ?? 0));
    if (counts !== undefined) new Float64Array(bytes, start, counts.length).set(counts);
    if (values !== undefined) new Float32Array(bytes, start + bytesOfCounts, values.length).set(values);
    return withOptions(running, options, (passed) => {
      const table = new running.glue.WasmTable(passed, running.stage, counts?.length, values?.length);
      return new WasmTable(running, table, options.dim);
    });
  });
}

/** A call that takes a table's options. */
export function withOptions<T>(running: Instance, options: KernelOptions, call: (passed: Options) => T): T {
  const { parameters, settings, padding, threads: _, ...same } = options;
  const passed = new running.glue.TableOptions();
  const numbers = { parameters: Float64Array.from(parameters), settings: Float64Array.from(settings) };
  Object.assign(passed, same, numbers, { padding });
  try {
    return call(passed);
  } finally {
    passed.free();
  }
}

/**
 * A call on a table with `count` ids on the stage, and other numbers at `start` of the memory's bytes. The memory may grow during a call of the
 * kernel, which takes `bytes` away; what it leaves is read from the memory's buffer as it is afterwards.
 */
type Staged = (table: Table, stage: Stage, count: number, start: number, bytes: ArrayBuffer) => void;

/** A table in WebAssembly memory. */
export class WasmTable implements KernelTable {
  readonly #running: Instance;
  #table: Table | undefined;
  readonly #dim: number;
  ballast: ArrayBuffer | undefined;

  constructor(running: Instance, table: Table, dim: number) {
    this.#running = running;
    this.#table = table;
    this.#dim = dim;
    this.#weigh(table);
  }

  lookup(array: Uint32Array, signed: boolean, out: Float32Array): void {
    const [running, table, dim, ids] = [this.#running, this.open(), this.#dim, viewOf(array, "Uint32Array")];
    const count = ids.length;
    try {
      const part = Math.min(partOf(running, dim), count);
      const { start, bytes } = reserve(running, ids.byteLength + part * dim * 4);
      new Uint32Array(bytes, start, count).set(ids);
      table.check(running.stage, count, signed);
      for (let first = 0; first < count; first += part) {
        const last = Math.min(first + part, count);
        table.lookup(running.stage, count, first, last);
        out.set(new Float32Array(running.memory.buffer, start + ids.byteLength, (last - first) * dim), first * dim);
      }
    } catch (thrown) {
      refuse(running, thrown);
    }
  }

  update(array: Uint32Array, signed: boolean, floats: Float32Array, scale: number): number {
    const [running, table, dim, ids] = [this.#running, this.open(), this.#dim, viewOf(array, "Uint32Array")];
    const [count, gradients] = [ids.length, viewOf(floats, "Float32Array")];
    try {
      const { start, bytes } = reserve(running, ids.byteLength + gradients.byteLength);
      new Uint32Array(bytes, start, count).set(ids);
      // Gradients of another length are the kernel's to refuse.
      if (gradients.length === count * dim) {
        const target = new Float32Array(bytes, start + ids.byteLength, gradients.length);
        const part = partOf(running, dim);
        for (let first = 0; first < count; first += part) {
          const last = Math.min(first + part, count);
          target.set(gradients.subarray(first * dim, last * dim), first * dim);
          table.inspect(running.stage, count, first, last, scale);
        }
      }
      return table.update(running.stage, count, signed, gradients.length, scale);
    } catch (thrown) {
      refuse(running, thrown);
    }
  }

  /** Every table's arrays are staged before the first of them looks at its own. */
  static updateTogether(
    running: Instance,
    tables: WasmTable[],
    idArrays: Uint32Array[],
    floatArrays: Float32Array[],
    scale: number,
  ): number {
    const parts = tables.map((held, index) => ({
      table: held.open(),
      ids: viewOf(idArrays[index] as Uint32Array, "Uint32Array"),
      gradients: viewOf(floatArrays[index] as Float32Array, "Float32Array"),
    }));
    let current = 0;
    try {
      const size = parts.reduce((sum, { ids, gradients }) => sum + ids.byteLength + gradients.byteLength, 0);
      const { start, bytes } = reserve(running, size);
      let first = 0;
      const starts = parts.map(({ ids, gradients }) => {
        const behind = first;
        new Uint32Array(bytes, start + 4 * behind, ids.length).set(ids);
        new Float32Array(bytes, start + 4 * (behind + ids.length), gradients.length).set(gradients);
        first += ids.length + gradients.length;
        return behind;
      });
      for (const [index, { table, ids, gradients }] of parts.entries()) {
        current = index;
        table.prepare(running.stage, starts[index] ?? 0, ids.length, gradients.length, scale);
      }
      let skipped = 0;
      for (const [index, { table, ids, gradients }] of parts.entries()) {
        skipped += table.finish(running.stage, starts[index] ?? 0, ids.length, gradients.length, scale);
      }
      return skipped;
    } catch (thrown) {
      refuse(running, typeof thrown === "string" ? thrown.replace(" ", ` #${current} `) : thrown);
    }
  }

  pool(
    ids: Uint32Array,
    signed: boolean,
    offsets: Uint32Array,
    mode: string,
    weights: Float32Array | undefined,
    out: Float32Array,
  ): void {
    const numbers = weights === undefined ? [] : [weights];
    this.#withBags(ids, offsets, numbers, out.length, (table, stage, count, start) => {
      table.pool(stage, count, signed, offsets.length, mode, weights?.length ?? 0, out.length);
      out.set(new Float32Array(this.#running.memory.buffer, start, out.length));
    });
  }

  updatePool(
    ids: Uint32Array,
    signed: boolean,
    offsets: Uint32Array,
    mode: string,
    weights: Float32Array | undefined,
    gradients: Float32Array,
    scale: number,
    out: Float32Array | undefined,
  ): number {
    const numbers = weights === undefined ? [gradients] : [weights, gradients];
    let skipped = 0;
    this.#withBags(ids, offsets, numbers, out?.length ?? 0, (table, stage, count, start) => {
      skipped = table.updatePool(
        ...([stage, count, signed, offsets.length, mode, weights?.length ?? 0, gradients.length] as const),
        ...([scale, out?.length ?? 0] as const),
      );
      out?.set(new Float32Array(this.#running.memory.buffer, start, out.length));
    });
    return skipped;
  }

  ranking(coldest: boolean, out: Uint32Array): number {
    let count = 0;
    this.#withIntegers(out, (table, stage) => {
      count = table.ranking(stage, out.length, coldest);
    });
    return count;
  }

  tallyHistogram(out: Uint32Array): void {
    this.#withIntegers(out, (table, stage) => table.tallyHistogram(stage, out.length));
  }

  setRows(ids: Uint32Array, signed: boolean, floats: Float32Array): void {
    const values = viewOf(floats, "Float32Array");
    this.#staged(ids, values.byteLength, (table, stage, count, start, bytes) => {
      new Float32Array(bytes, start, values.length).set(values);
      table.setRows(stage, count, signed, values.length);
    });
  }

  resetRows(ids: Uint32Array, signed: boolean): void {
    this.#staged(ids, 0, (table, stage, count) => table.resetRows(stage, count, signed));
  }

  rates(ids: Uint32Array, signed: boolean, out: Float32Array): void {
    this.#staged(ids, out.byteLength, (table, stage, count, start) => {
      table.rates(stage, count, signed, out.length);
      out.set(new Float32Array(this.#running.memory.buffer, start, out.length));
    });
  }

  tallies(ids: Uint32Array, signed: boolean, out: Float64Array): void {
    this.#withDoubles(out, ids, (table, stage, count) => table.tallies(stage, count, signed, out.length));
  }

  allTallies(out: Float64Array): void {
    this.#withDoubles(out, new Uint32Array(0), (table, stage) => table.allTallies(stage, out.length));
  }

  get step(): number {
    return this.#attempt((table) => table.step);
  }

  get lr(): number {
    return this.#attempt((table) => table.lr);
  }

  setLr(lr: number): void {
    this.#attempt((table) => table.setLr(lr));
  }

  setFactor(factor: number): void {
    this.#attempt((table) => table.setFactor(factor));
  }

  flush(): void {
    this.#attempt((table) => table.flush());
  }

  grow(rows: number): void {
    this.#attempt((table) => {
      table.grow(rows);
      this.#weigh(table);
    });
  }

  parts(): string {
    return this.#attempt((table) => table.parts());
  }

  progress(): number[] {
    return this.#attempt((table) => Array.from(table.progress()));
  }

  readPart(part: number, first: number, out: Uint8Array): void {
    this.#attempt((table) => {
      const { start } = reserve(this.#running, out.length);
      table.readPart(this.#running.stage, part, first, out.length);
      out.set(new Uint8Array(this.#running.memory.buffer, start, out.length));
    });
  }

  memory(): number[] {
    return this.#attempt((table) => Array.from(table.memory()));
  }

  simd(): string {
    return this.#attempt((table) => table.simd());
  }

  fingerprint(): string {
    return this.#attempt((table) => table.fingerprint());
  }

  copy(): KernelTable {
    return this.#attempt((table) => new WasmTable(this.#running, table.copy(), this.#dim));
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#table?.free();
    this.#table = undefined;
    this.ballast = undefined;
  }

  /** After a call that may have changed what it holds. */
  #weigh(table: Table): void {
    this.ballast = ballast(table.memory().reduce((sum, bytes) => sum + bytes));
  }

  /** The table, for calls of others of this folder. */
  open(): Table {
    checkFault(this.#running);
    if (this.#table === undefined) throw coded("ERR_DISPOSED", "the table has been disposed");
    return this.#table;
  }

  #attempt<T>(call: (table: Table) => T): T {
    const table = this.open();
    return attempt(this.#running, () => call(table));
  }

  /** A call with ids on the stage, and floats behind them. */
  #staged(array: Uint32Array, floatBytes: number, call: Staged): void {
    const ids = viewOf(array, "Uint32Array");
    this.#attempt((table) => {
      const { start, bytes } = reserve(this.#running, ids.byteLength + floatBytes);
      new Uint32Array(bytes, start, ids.length).set(ids);
      call(table, this.#running.stage, ids.length, start + ids.byteLength, bytes);
    });
  }

  /** A call with ids, offsets and floats on the stage, and room for `results` floats behind them, where `call` is told that they start. */
  #withBags(ids: Uint32Array, offsets: Uint32Array, floats: Float32Array[], results: number, call: Staged): void {
    const arrays = [
      viewOf(ids, "Uint32Array"),
      viewOf(offsets, "Uint32Array"),
      ...floats.map((array) => viewOf(array, "Float32Array")),
    ];
    this.#attempt((table) => {
      const size = arrays.reduce((sum, array) => sum + array.byteLength, 0);
      const { start, bytes } = reserve(this.#running, size + 4 * results);
      let end = start;
      for (const array of arrays) {
        const Class = array instanceof Uint32Array ? Uint32Array : Float32Array;
        new Class(bytes, end, array.length).set(array);
        end += array.byteLength;
      }
      call(table, this.#running.stage, ids.length, end, bytes);
    });
  }

  /** A call that leaves integers on the stage. */
  #withIntegers(out: Uint32Array, call: (table: Table, stage: Stage) => void): void {
    this.#attempt((table) => {
      const { start } = reserve(this.#running, out.byteLength);
      call(table, this.#running.stage);
      out.set(new Uint32Array(this.#running.memory.buffer, start, out.length));
    });
  }

  /** A call that leaves doubles on the stage, with ids behind them. */
  #withDoubles(out: Float64Array, array: Uint32Array, call: Staged): void {
    const ids = viewOf(array, "Uint32Array");
    this.#attempt((table) => {
      const { start, bytes } = reserve(this.#running, out.byteLength + ids.byteLength);
      new Uint32Array(bytes, start + out.byteLength, ids.length).set(ids);
      call(table, this.#running.stage, ids.length, start, bytes);
      out.set(new Float64Array(this.#running.memory.buffer, start, out.length));
    });
  }
}

/**
 * Tells the engine's garbage collector how much memory hangs on a small object: it counts the bytes of buffers. Those of a resizable
 * buffer are address space that no memory backs until it is written, and nobody writes it. Without such buffers, or room for one,
 * abandoned tables are given back all the same, only later.
 */
export function ballast(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes });
  } catch {
    return undefined;
  }
}

/** Positions that are staged at once, for rows of `dim`. */
function partOf(running: Instance, dim: number): number {
  return running.chunk * Math.max(1, Math.floor(PART / (running.chunk * dim)));
}
