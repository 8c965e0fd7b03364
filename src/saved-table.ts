/** What a checkpoint says of a table, and the table that this becomes: the member kind "table". */

import type { LoadOptions, Schedule as PublicSchedule, TableOptions } from "../index.d.ts";
import { BACKENDS, type Chosen, chooseKernel } from "./backend.js";
import { becoming, checkWaiting, type Description, type Loading, partsIn } from "./checkpoint.js";
import { coded, shown } from "./errors.js";
import type { KernelOptions, KernelTable } from "./kernel.js";
import { checkNames, choice, createArguments, integer, isObject, MOST_THREADS } from "./options.js";

/** A schedule that the kernel does not know. */
export type Schedule = Extract<PublicSchedule, (step: number) => number>;

/** What is saved of a table besides its parts. */
export interface TableDescription extends Description {
  kind: "table";
  options: TableOptions;
  step: number;
  lr: number;
  /** What the learning rate is multiplied with besides a schedule of the kernel's. */
  factor: number;
  /** Runs of steps of one learning rate that rows may have missed. */
  runs: number;
  /** "function" if the schedule was one, which nothing can save. */
  schedule?: "function";
}

/** A restored table of the kernel's, and what a table has besides it. */
interface Restored {
  kernel: KernelTable;
  chosen: Chosen;
  options: KernelOptions;
  schedule: Schedule | undefined;
}

export function describe(table: KernelTable, options: TableOptions, schedule: Schedule | undefined): TableDescription {
  const [step = 0, lr = 0, factor = 1, runs = 0] = table.progress();
  const description: TableDescription = { kind: "table", options, step, lr, factor, runs };
  return schedule === undefined ? description : { ...description, schedule: "function" };
}

/** A table on its way out of a file, on the backend and with the threads that `given` asks for. */
export function loadingTable(
  description: Description,
  given: Pick<LoadOptions, "backend" | "threads">,
  schedule: Schedule | undefined,
): Loading<Restored> {
  const chosen = chooseKernel(given.backend);
  const { kernel } = chosen;
  const { options, step, lr, factor, runs, schedule: was } = description;
  if (!isObject(options))
    throw coded("ERR_FILE_FORMAT", `a table's options must be an object, but is ${shown(options)}`);
  const machine = given.threads === undefined ? {} : { threads: given.threads };
  const { backend: _, threads: __, ...own } = options as TableOptions;
  const [checked] = createArguments({ ...own, ...machine }, kernel);
  if (was === "function" && schedule === undefined) {
    throw coded("ERR_MISSING_OPTION", "schedule is required: the table's was a function, which cannot be saved");
  }
  if (was !== "function" && schedule !== undefined) {
    throw coded(
      "ERR_OPTION_CONFLICT",
      "schedule cannot be combined with a table that was saved without such a function",
    );
  }
  const progress = [
    integer("step", step, 0, Number.MAX_SAFE_INTEGER),
    number("lr", lr),
    number("factor", factor),
    integer("runs", runs, 0, 2 ** 31 - 1),
  ];
  const loading = {
    parts: partsIn(kernel.partsOf(checked, progress[3] ?? 0)),
    open: () => kernel.restore(checked, progress),
  };
  return becoming(loading, (table) => ({ kernel: table, chosen, options: checked, schedule }));
}

function number(name: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw coded("ERR_FILE_FORMAT", `${name} must be a number, but is ${shown(value)}`);
}

/** Where a table is to run; the file has no part in that. */
export function checkPlace({ backend, threads }: Pick<LoadOptions, "backend" | "threads">): void {
  if (backend !== undefined) choice("backend", backend, BACKENDS);
  if (threads !== undefined) integer("threads", threads, 1, MOST_THREADS);
}

/** What `load` may be told. */
export function checkLoadOptions(options: LoadOptions): LoadOptions {
  const { schedule, signal, onProgress } = checkNames("options", options, LOAD_OPTIONS);
  if (schedule !== undefined && typeof schedule !== "function") {
    throw coded("ERR_OPTION_VALUE", `schedule must be a function, but is ${shown(schedule)}`);
  }
  checkWaiting({ signal, onProgress });
  checkPlace(options);
  return options;
}
const LOAD_OPTIONS = ["backend", "threads", "schedule", "signal", "onProgress"];
