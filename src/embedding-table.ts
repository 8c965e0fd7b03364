/** The table as users see it: checks arguments, calls the kernel, owns the kernel's table. */

import type {
  Backend,
  EmbeddingTable as Contract,
  Ids,
  LoadOptions,
  LongCallOptions,
  Memory,
  Offsets,
  PoolOptions,
  Source,
  TableOptions,
  TallyClass,
  Target,
  UpdateOptions,
  UpdatePoolOptions,
} from "../index.d.ts";
import { checkedId, idBits, isSigned, offsetBits, target, usable } from "./arguments.js";
import { type Chosen, chooseKernel } from "./backend.js";
import { poolOptions, scaleOf, weightsOf } from "./call-options.js";
import {
  becoming,
  type Description,
  type Loading,
  readCheckpoint,
  type Saving,
  writeCheckpoint,
} from "./checkpoint.js";
import { describedOptions } from "./described-options.js";
import { coded, rethrow, shown } from "./errors.js";
import type { KernelOptions, KernelTable } from "./kernel.js";
import { createArguments, integer, isObject, MOST_ROWS } from "./options.js";
import { checkLoadOptions, describe, loadingTable, type Schedule } from "./saved-table.js";

/**
 * What a table holds. The constructor takes one in place of options, which no caller can make: that is how `clone` makes a table around
 * a kernel's table that is there already, without a public way to do so.
 */
class Interior {
  constructor(
    readonly kernel: KernelTable,
    /** Those that the table was made with, as JSON; `rows` as they are now. */
    readonly options: TableOptions,
    readonly backend: Backend,
    readonly schedule: Schedule | undefined,
  ) {}
}

/** The kernel's table inside one that is about to take a step together with others. */
export let beforeStep: (table: EmbeddingTable) => KernelTable;

/** The kernel's table inside one that is about to be read. */
export let toRead: (table: EmbeddingTable) => KernelTable;

/** The kernel's table inside one that is about to change. */
export let toChange: (table: EmbeddingTable) => KernelTable;

/** Makes a table what a clone of it is, which is disposed of. */
export let become: (table: EmbeddingTable, clone: EmbeddingTable) => void;

/** A table as a member of a checkpoint. */
export let savingOf: (table: EmbeddingTable) => Saving;

/** Classes that the kernel sorts tallies into. */
const TALLY_CLASSES = 34;

/**
 * See index.d.ts, which documents every member. `lookup` and `update` catch errors in place, the rest through `attempt`: a closure for
 * each of their calls would be most of their cost.
 */
export class EmbeddingTable implements Contract {
  #rows: number;
  readonly #dim: number;
  readonly #options: TableOptions;
  readonly #backend: Backend;
  readonly #schedule: Schedule | undefined;
  #kernel: KernelTable | undefined;
  /** Files that the table is being saved to. */
  #saves = 0;

  constructor(options: TableOptions) {
    const interior = options instanceof Interior ? options : create(options);
    this.#rows = interior.options.rows;
    this.#dim = interior.options.dim;
    this.#options = interior.options;
    this.#backend = interior.backend;
    this.#schedule = interior.schedule;
    this.#kernel = interior.kernel;
  }

  get rows(): number {
    return this.#rows;
  }

  get dim(): number {
    return this.#dim;
  }

  get backend(): Backend {
    return this.#backend;
  }

  get step(): number {
    return this.#open().step;
  }

  get lr(): number {
    return this.#open().lr;
  }

  set lr(lr: number) {
    const kernel = this.#openToChange();
    if (typeof lr !== "number") throw coded("ERR_OPTION_VALUE", `lr must be a number, but is ${shown(lr)}`);
    attempt(() => kernel.setLr(lr));
  }

  get memory(): Memory {
    const [weights = 0, state = 0, tallies = 0, scratch = 0] = this.#open().memory();
    return { weights, state, tallies, scratch };
  }

  lookup(ids: Ids, out?: Float32Array): Float32Array {
    const kernel = this.#open();
    const bits = idBits(ids, this.#rows);
    const vectors = target("Float32Array", out, bits.length * this.#dim, ids);
    try {
      kernel.lookup(bits, isSigned(ids), vectors);
    } catch (thrown) {
      rethrow(thrown);
    }
    return out ?? vectors;
  }

  update(ids: Ids, gradients: Float32Array, options?: UpdateOptions): number {
    const kernel = this.#openToChange();
    // Options first: reading them may run a getter, and what it does to the arrays must not go unseen.
    const scale = options === undefined ? 1 : scaleOf(options);
    if (this.#schedule !== undefined) this.#schedulesNext(kernel, this.#schedule);
    const bits = idBits(ids, this.#rows);
    usable("gradients", gradients, "Float32Array");
    try {
      return kernel.update(bits, isSigned(ids), gradients, scale);
    } catch (thrown) {
      rethrow(thrown);
    }
  }

  pool(ids: Ids, offsets: Offsets, options: PoolOptions = {}, out?: Float32Array): Float32Array {
    const kernel = this.#open();
    const { mode, weights } = poolOptions(options, ["mode", "weights"]);
    const [bits, starts] = [idBits(ids, this.#rows), offsetBits(offsets)];
    const factors = weights === undefined ? undefined : weightsOf(weights, bits.length);
    const vectors = target("Float32Array", out, Math.max(starts.length - 1, 0) * this.#dim, ids, { offsets, weights });
    attempt(() => kernel.pool(bits, isSigned(ids), starts, mode, factors, vectors));
    return out ?? vectors;
  }

  updatePool(ids: Ids, offsets: Offsets, gradients: Float32Array, options: UpdatePoolOptions = {}): number {
    const kernel = this.#openToChange();
    const { mode, weights, weightGradients, scale } = poolOptions(options, [
      "mode",
      "weights",
      "scale",
      "weightGradients",
    ]);
    if (this.#schedule !== undefined) this.#schedulesNext(kernel, this.#schedule);
    const [bits, starts] = [idBits(ids, this.#rows), offsetBits(offsets)];
    usable("gradients", gradients, "Float32Array");
    const factors = weights === undefined ? undefined : weightsOf(weights, bits.length);
    const read = { offsets, gradients, weights };
    const out =
      weightGradients === undefined
        ? undefined
        : target("Float32Array", weightGradients, bits.length, ids, read, "weightGradients");
    return attempt(() => kernel.updatePool(bits, isSigned(ids), starts, mode, factors, gradients, scale, out));
  }

  setRows(ids: Ids, values: Float32Array): void {
    const kernel = this.#openToChange();
    const bits = idBits(ids, this.#rows);
    usable("values", values, "Float32Array");
    attempt(() => kernel.setRows(bits, isSigned(ids), values));
  }

  resetRows(ids: Ids): void {
    const kernel = this.#openToChange();
    const bits = idBits(ids, this.#rows);
    attempt(() => kernel.resetRows(bits, isSigned(ids)));
  }

  tally(id: number): number {
    const kernel = this.#open();
    const out = new Float64Array(1);
    const bits = Uint32Array.of(checkedId("id", id, this.#rows));
    attempt(() => kernel.tallies(bits, false, out));
    return out[0] ?? 0;
  }

  tallies(ids?: Ids, out?: Float64Array): Float64Array {
    const kernel = this.#open();
    const bits = ids === undefined ? undefined : idBits(ids, this.#rows);
    const tallies = target("Float64Array", out, bits === undefined ? this.#rows : bits.length, ids);
    attempt(() =>
      bits === undefined || ids === undefined
        ? kernel.allTallies(tallies)
        : kernel.tallies(bits, isSigned(ids), tallies),
    );
    return out ?? tallies;
  }

  hottest(k: number): Uint32Array {
    return this.#ranking(k, false);
  }

  coldest(k: number): Uint32Array {
    return this.#ranking(k, true);
  }

  tallyHistogram(): TallyClass[] {
    const kernel = this.#open();
    const counts = new Uint32Array(TALLY_CLASSES);
    attempt(() => kernel.tallyHistogram(counts));
    const classes = Array.from(counts, (rows, index) => ({
      from: index < 2 ? 0 : 2 ** (index - 1),
      below: index === 0 ? 0 : index === TALLY_CLASSES - 1 ? Number.POSITIVE_INFINITY : 2 ** index,
      rows,
    }));
    return classes.slice(0, classes.findLastIndex(({ rows }) => rows > 0) + 1);
  }

  rates(ids: Ids, out?: Float32Array): Float32Array {
    const kernel = this.#open();
    if (this.#schedule !== undefined) this.#schedulesNext(kernel, this.#schedule);
    const bits = idBits(ids, this.#rows);
    const rates = target("Float32Array", out, bits.length, ids);
    attempt(() => kernel.rates(bits, isSigned(ids), rates));
    return out ?? rates;
  }

  flush(): void {
    const kernel = this.#openToChange();
    attempt(() => kernel.flush());
  }

  grow(rows: number): void {
    const kernel = this.#openToChange();
    integer("rows", rows, 1, MOST_ROWS);
    attempt(() => kernel.grow(rows));
    this.#rows = rows;
  }

  save(target?: undefined, options?: LongCallOptions): Promise<Blob>;
  save(target: Target, options?: LongCallOptions): Promise<void>;
  async save(target?: Target, options: LongCallOptions = {}): Promise<unknown> {
    return writeCheckpoint(target, new Map([["", savingOf(this)]]), options);
  }

  static async load(source: Source, options: LoadOptions = {}): Promise<EmbeddingTable> {
    const { schedule, ...given } = checkLoadOptions(options);
    const only = (name: string, description: Description): Loading<EmbeddingTable> => {
      if (name === "" && description.kind === "table") return loadingOf(description, given, schedule);
      throw coded("ERR_FILE_FORMAT", "the file is not one table's: loadAll reads it");
    };
    const table = (await readCheckpoint(source, only, given)).members.get("");
    if (table === undefined) throw coded("ERR_FILE_FORMAT", "the file holds no table");
    return table;
  }

  fingerprint(): string {
    const kernel = this.#open();
    return attempt(() => kernel.fingerprint());
  }

  clone(): EmbeddingTable {
    const kernel = this.#open();
    const copy = attempt(() => kernel.copy());
    return around(new Interior(copy, this.#describedOptions(), this.#backend, this.#schedule));
  }

  dispose(): void {
    this.#kernel?.dispose();
    this.#kernel = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #ranking(k: number, coldest: boolean): Uint32Array {
    const kernel = this.#open();
    const rows = new Uint32Array(Math.min(integer("k", k, 0, Number.MAX_SAFE_INTEGER), this.#rows));
    const count = attempt(() => kernel.ranking(coldest, rows));
    return rows.slice(0, count);
  }

  /** Asks a schedule for the next step's factor. */
  #schedulesNext(kernel: KernelTable, schedule: Schedule): void {
    const step = attempt(() => kernel.step) + 1;
    const factor: unknown = schedule(step);
    if (attempt(() => this.#open().step) + 1 !== step) {
      throw coded("ERR_OPTION_VALUE", "schedule must return the factor of one step, and not take another meanwhile");
    }
    if (typeof factor !== "number") {
      throw coded("ERR_OPTION_VALUE", `schedule must return a number, but returned ${shown(factor)}`);
    }
    attempt(() => this.#open().setFactor(factor));
  }

  static {
    beforeStep = (table) => {
      const kernel = table.#openToChange();
      if (table.#schedule !== undefined) table.#schedulesNext(kernel, table.#schedule);
      return kernel;
    };
    toRead = (table) => table.#open();
    toChange = (table) => table.#openToChange();
    become = (table, clone) => {
      const kernel = clone.#open();
      table.#openToChange().dispose();
      [table.#kernel, table.#rows] = [kernel, clone.#rows];
      clone.#kernel = undefined;
    };
    savingOf = (table) => ({
      description: attempt(() => describe(table.#open(), table.#describedOptions(), table.#schedule)),
      parts: () => attempt(() => table.#open().parts()),
      readPart: (part, first, out) => attempt(() => table.#open().readPart(part, first, out)),
      hold: () => {
        table.#saves++;
        return () => table.#saves--;
      },
    });
  }

  #describedOptions(): TableOptions {
    return { ...this.#options, rows: this.#rows };
  }

  #open(): KernelTable {
    if (this.#kernel === undefined) throw coded("ERR_DISPOSED", "the table has been disposed");
    return this.#kernel;
  }

  #openToChange(): KernelTable {
    if (this.#saves > 0)
      throw coded("ERR_SAVING", "the table is being saved and cannot change meanwhile: await save()");
    return this.#open();
  }
}

/** A table on its way out of a checkpoint. */
export function loadingOf(...member: Parameters<typeof loadingTable>): Loading<EmbeddingTable> {
  return becoming(loadingTable(...member), ({ kernel, chosen, options, schedule }) =>
    around(interiorOf(kernel, chosen, options, schedule)),
  );
}

function create(options: TableOptions): Interior {
  if (!isObject(options)) throw coded("ERR_OPTION_VALUE", `options must be an object, but is ${shown(options)}`);
  const chosen = chooseKernel(options.backend);
  const [checked, counts, values] = createArguments(options, chosen.kernel);
  const table = attempt(() => chosen.kernel.create(checked, counts, values));
  const schedule = typeof options.schedule === "function" ? options.schedule : undefined;
  // Not every rule's rate can change, and now is the time to say so.
  if (schedule !== undefined) attempt(() => table.setFactor(1));
  return interiorOf(table, chosen, checked, schedule);
}

function interiorOf(
  table: KernelTable,
  { kernel, reason }: Chosen,
  options: KernelOptions,
  schedule: Schedule | undefined,
): Interior {
  const simd = table.simd() as Backend["simd"];
  const threads = Math.min(options.threads, kernel.mostThreads);
  const backend = Object.freeze({ kind: kernel.kind, threads, simd, reason });
  return new Interior(table, describedOptions(options, kernel.catalogue), backend, schedule);
}

function around(interior: Interior): EmbeddingTable {
  return new EmbeddingTable(interior as unknown as TableOptions);
}

/** Runs a kernel call; errors get the class that belongs to their code. */
export function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    rethrow(thrown);
  }
}
