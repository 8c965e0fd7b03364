/** A table in WebAssembly memory whose arrays are on their way there. */

import { coded } from "../errors.js";
import type { KernelOptions, KernelRestoring, KernelTable } from "../kernel.js";
import { attempt, checkFault, type Instance, reserve } from "./instance.js";
import type { Restoring } from "./kernel.js";
import { WasmTable, withOptions } from "./table.js";

/** The parts of a table with these options. */
export function partsOf(running: Instance, options: KernelOptions, runs: number): string {
  checkFault(running);
  return attempt(running, () => withOptions(running, options, (passed) => running.glue.partsOf(passed, runs)));
}

export class WasmRestoring implements KernelRestoring<KernelTable> {
  readonly #running: Instance;
  readonly #dim: number;
  #restoring: Restoring | undefined;

  constructor(running: Instance, options: KernelOptions, [step = 0, lr = 0, factor = 1, runs = 0]: number[]) {
    checkFault(running);
    this.#running = running;
    this.#dim = options.dim;
    this.#restoring = attempt(running, () =>
      withOptions(running, options, (passed) => new running.glue.WasmRestoring(passed, step, lr, factor, runs)),
    );
  }

  write(bytes: Uint8Array): void {
    const restoring = this.#open();
    attempt(this.#running, () => {
      const { start, bytes: memory } = reserve(this.#running, bytes.length);
      new Uint8Array(memory, start, bytes.length).set(bytes);
      restoring.write(this.#running.stage, bytes.length);
    });
  }

  finish(): KernelTable {
    const restoring = this.#open();
    this.#restoring = undefined;
    return attempt(this.#running, () => new WasmTable(this.#running, restoring.finish(), this.#dim));
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#restoring?.free();
    this.#restoring = undefined;
  }

  #open(): Restoring {
    checkFault(this.#running);
    if (this.#restoring === undefined) throw coded("ERR_DISPOSED", "the table has been disposed");
    return this.#restoring;
  }
}
