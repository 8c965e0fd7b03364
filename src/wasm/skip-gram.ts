/** Skip-gram in WebAssembly memory: words are copied across through the stage. */

import { coded } from "../errors.js";
import type { KernelSkipGram, KernelTable, SkipGramSettings } from "../kernel.js";
import { attempt, checkFault, type Instance, reserve } from "./instance.js";
import type { SkipGram } from "./kernel.js";
import type { WasmTable } from "./table.js";

export function createSkipGram(running: Instance, settings: SkipGramSettings, counts: Float64Array): KernelSkipGram {
  const { dim, window, negatives, subsample, power, seed } = settings;
  checkFault(running);
  const model = attempt(running, () => {
    const { start, bytes } = reserve(running, counts.byteLength);
    new Float64Array(bytes, start, counts.length).set(counts);
    const { stage, glue } = running;
    return new glue.WasmSkipGram(stage, counts.length, dim, window, negatives, subsample, power, seed);
  });
  return new WasmSkipGram(running, model);
}

class WasmSkipGram implements KernelSkipGram {
  readonly #running: Instance;
  #model: SkipGram | undefined;

  constructor(running: Instance, model: SkipGram) {
    this.#running = running;
    this.#model = model;
  }

  step(held: KernelTable[], words: Uint32Array, starts: Uint32Array, place: number): number[] {
    const running = this.#running;
    checkFault(running);
    const model = this.#model;
    if (model === undefined) throw coded("ERR_DISPOSED", "the model has been disposed");
    const [inputs, outputs] = held.map((table) => (table as WasmTable).open()) as [Opened, Opened];
    return attempt(running, () => {
      const { start, bytes } = reserve(running, words.byteLength + starts.byteLength);
      new Uint32Array(bytes, start, words.length).set(words);
      new Uint32Array(bytes, start + words.byteLength, starts.length).set(starts);
      const outcome = model.compute(inputs, outputs, running.stage, words.length, starts.length, place);
      model.prepare(false, inputs);
      model.prepare(true, outputs);
      model.finish(false, inputs);
      model.finish(true, outputs);
      return Array.from(outcome);
    });
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#model?.free();
    this.#model = undefined;
  }
}

type Opened = ReturnType<WasmTable["open"]>;
