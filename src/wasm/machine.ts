/** Machines in WebAssembly memory: batches are copied across through the stage, and a step is several calls of the kernel. */

import { coded } from "../errors.js";
import type { Cells, KernelMachine, KernelTable, MachineShape } from "../kernel.js";
import { attempt, checkFault, type Instance, reserve } from "./instance.js";
import type { Lengths, Machine, Stage } from "./kernel.js";
import type { WasmTable } from "./table.js";

export function createMachine(running: Instance, { fields, dim, logistic, hidden }: MachineShape): KernelMachine {
  checkFault(running);
  const create = () => new running.glue.WasmMachine(fields, dim, logistic, Uint32Array.from(hidden));
  return new WasmMachine(running, attempt(running, create));
}

class WasmMachine implements KernelMachine {
  readonly #running: Instance;
  #machine: Machine | undefined;

  constructor(running: Instance, machine: Machine) {
    this.#running = running;
    this.#machine = machine;
  }

  step(
    held: KernelTable[],
    intercept: number,
    cells: Cells,
    labels: Float32Array,
    weights: Float32Array | undefined,
  ): number {
    const none = new Float32Array(0);
    return this.#staged(held, cells, labels, weights ?? none, none, (machine, stage, lengths, tables) => {
      const [vectors, biases] = tables;
      const loss = machine.compute(vectors, biases, stage, lengths, intercept);
      for (const [number, table] of tables.entries()) {
        if (table === biases) machine.prepareBiases(biases, vectors, stage, lengths);
        else machine.prepare(number, table, stage, lengths);
      }
      for (const [number, table] of tables.entries()) machine.finish(number, table);
      return loss;
    });
  }

  predict(held: KernelTable[], intercept: number, cells: Cells, out: Float32Array): void {
    const none = new Float32Array(0);
    this.#staged(held, cells, none, none, out, (machine, stage, lengths, [vectors, biases], start) => {
      machine.predict(vectors, biases, stage, lengths, intercept);
      out.set(new Float32Array(this.#running.memory.buffer, start, out.length));
    });
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#machine?.free();
    this.#machine = undefined;
  }

  /** A call with a batch on the stage, and room for results behind it, where `call` is told that they start. */
  #staged<T>(
    held: KernelTable[],
    { ids, offsets, factors }: Cells,
    labels: Float32Array,
    weights: Float32Array,
    out: Float32Array,
    call: (machine: Machine, stage: Stage, lengths: Lengths, tables: Tables, start: number) => T,
  ): T {
    const running = this.#running;
    checkFault(running);
    const machine = this.#machine;
    if (machine === undefined) throw coded("ERR_DISPOSED", "the model has been disposed");
    const tables = held.map((table) => (table as WasmTable).open()) as Tables;
    const arrays = [ids, offsets ?? new Uint32Array(0), factors ?? new Float32Array(0), labels, weights] as const;
    return attempt(running, () => {
      for (const [layer, table] of tables.slice(2).entries()) machine.readLayer(layer, table);
      const size = arrays.reduce((sum, array) => sum + array.byteLength, 0);
      const { start, bytes } = reserve(running, size + out.byteLength);
      let end = start;
      for (const array of arrays) {
        const Class = array instanceof Uint32Array ? Uint32Array : Float32Array;
        new Class(bytes, end, array.length).set(array);
        end += array.byteLength;
      }
      const [ids, offsets, factors, labels, weights] = arrays.map((array) => array.length) as Five;
      using lengths = new running.glue.BatchLengths(ids, offsets, factors, labels, weights, out.length);
      return call(machine, running.stage, lengths, tables, end);
    });
  }
}

type Tables = [vectors: WasmKernelTable, biases: WasmKernelTable, ...layers: WasmKernelTable[]];
type WasmKernelTable = ReturnType<WasmTable["open"]>;
type Five = [number, number, number, number, number];
