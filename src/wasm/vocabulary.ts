/** Vocabularies in WebAssembly memory: keys and rows are copied across through the stage. */

import { coded } from "../errors.js";
import type { KernelRestoringVocabulary, KernelVocabulary, VocabularyGiven } from "../kernel.js";
import { attempt, checkFault, type Instance, reserve } from "./instance.js";
import type { RestoringVocabulary, Vocabulary, VocabularyArguments } from "./kernel.js";
import { ballast } from "./table.js";

export function createVocabulary(running: Instance, options: VocabularyGiven): KernelVocabulary {
  checkFault(running);
  const vocabulary = attempt(running, () => new running.glue.WasmVocabulary(...argumentsOf(options)));
  return new WasmVocabulary(running, vocabulary);
}

function argumentsOf(options: VocabularyGiven): VocabularyArguments {
  const { capacity, admission, least, size, probability, eviction, amount, seed } = options;
  return [capacity, admission, least, size, probability, eviction, amount, seed];
}

class WasmVocabulary implements KernelVocabulary {
  readonly #running: Instance;
  #vocabulary: Vocabulary | undefined;
  #weight = 0;
  #reused = new Uint32Array();
  ballast: ArrayBuffer | undefined;

  constructor(running: Instance, vocabulary: Vocabulary) {
    this.#running = running;
    this.#vocabulary = vocabulary;
  }

  rows(bytes: Uint8Array, ends: Uint32Array, out: Uint32Array): void {
    this.#withKeys(bytes, ends, out, (vocabulary, start) => {
      const reused = vocabulary.rows(this.#running.stage, ends.length, bytes.length);
      this.#reused = new Uint32Array(this.#running.memory.buffer, start, reused).slice();
      // Each growth of an array doubles it, so this is seldom.
      if (vocabulary.memory !== this.#weight) {
        this.#weight = vocabulary.memory;
        this.ballast = ballast(this.#weight);
      }
    });
  }

  lookup(bytes: Uint8Array, ends: Uint32Array, out: Uint32Array): void {
    this.#withKeys(bytes, ends, out, (vocabulary) => {
      vocabulary.lookup(this.#running.stage, ends.length, bytes.length);
    });
  }

  reused(): Uint32Array {
    return this.#reused;
  }

  key(row: number): Uint8Array | undefined {
    return this.#attempt((vocabulary) => vocabulary.key(row));
  }

  get size(): number {
    return this.#attempt((vocabulary) => vocabulary.size);
  }

  get step(): number {
    return this.#attempt((vocabulary) => vocabulary.step);
  }

  get memory(): number {
    return this.#attempt((vocabulary) => vocabulary.memory);
  }

  grow(capacity: number): void {
    this.#attempt((vocabulary) => vocabulary.grow(capacity));
  }

  fingerprint(): string {
    return this.#attempt((vocabulary) => vocabulary.fingerprint());
  }

  parts(): string {
    return this.#attempt((vocabulary) => vocabulary.parts());
  }

  progress(): number[] {
    return this.#attempt((vocabulary) => Array.from(vocabulary.progress()));
  }

  readPart(part: number, first: number, out: Uint8Array): void {
    this.#attempt((vocabulary) => {
      const { start } = reserve(this.#running, out.length);
      vocabulary.readPart(this.#running.stage, part, first, out.length);
      out.set(new Uint8Array(this.#running.memory.buffer, start, out.length));
    });
  }

  copy(): KernelVocabulary {
    return this.#attempt((vocabulary) => new WasmVocabulary(this.#running, vocabulary.copy()));
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#vocabulary?.free();
    this.#vocabulary = undefined;
    this.ballast = undefined;
  }

  #attempt<T>(call: (vocabulary: Vocabulary) => T): T {
    checkFault(this.#running);
    const vocabulary = this.#vocabulary;
    if (vocabulary === undefined) throw disposed();
    return attempt(this.#running, () => call(vocabulary));
  }

  /** A call with keys on the stage, and the rows that it leaves there. */
  #withKeys(
    keys: Uint8Array,
    ends: Uint32Array,
    out: Uint32Array,
    call: (vocabulary: Vocabulary, start: number) => void,
  ): void {
    this.#attempt((vocabulary) => {
      const { start, bytes } = reserve(this.#running, 8 * ends.length + keys.length);
      new Uint32Array(bytes, start, ends.length).set(ends);
      new Uint8Array(bytes, start + 8 * ends.length, keys.length).set(keys);
      call(vocabulary, start);
      out.set(new Uint32Array(this.#running.memory.buffer, start + 4 * ends.length, out.length));
    });
  }
}

export class WasmRestoringVocabulary implements KernelRestoringVocabulary {
  readonly #running: Instance;
  #restoring: RestoringVocabulary | undefined;

  constructor(running: Instance, options: VocabularyGiven, progress: number[]) {
    checkFault(running);
    this.#running = running;
    const given = Float64Array.from(progress);
    this.#restoring = attempt(running, () => new running.glue.WasmRestoringVocabulary(...argumentsOf(options), given));
  }

  parts(): string {
    const restoring = this.#open();
    return attempt(this.#running, () => restoring.parts());
  }

  write(bytes: Uint8Array): void {
    const restoring = this.#open();
    attempt(this.#running, () => {
      const { start, bytes: memory } = reserve(this.#running, bytes.length);
      new Uint8Array(memory, start, bytes.length).set(bytes);
      restoring.write(this.#running.stage, bytes.length);
    });
  }

  finish(): KernelVocabulary {
    const restoring = this.#open();
    this.#restoring = undefined;
    return attempt(this.#running, () => new WasmVocabulary(this.#running, restoring.finish()));
  }

  dispose(): void {
    // After a fault the allocator is not to be trusted either.
    if (this.#running.fault === undefined) this.#restoring?.free();
    this.#restoring = undefined;
  }

  #open(): RestoringVocabulary {
    checkFault(this.#running);
    if (this.#restoring === undefined) throw disposed();
    return this.#restoring;
  }
}

function disposed(): Error {
  return coded("ERR_DISPOSED", "the vocabulary has been disposed");
}
