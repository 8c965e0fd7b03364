/** How far skip-gram has come. */

import type { SkipGramProgress } from "../../models.d.ts";
import { Pauses } from "./core.js";

/** Milliseconds between two calls of `onProgress`. */
const PROGRESS_EVERY = 100;
/** Points of the training curve in an epoch. */
const POINTS = 100;

/** How far training has come: measured, told, written down. */
export class Report {
  readonly #epochs: number;
  readonly #onProgress: ((progress: SkipGramProgress) => void) | undefined;
  readonly #pauses = new Pauses();
  readonly #training: { words: number; loss: number }[] = [];
  readonly #point = { loss: 0, pairs: 0 };
  readonly #told = { loss: 0, pairs: 0 };
  #since = performance.now();
  #last = performance.now();
  #epoch = 0;
  #words = 0;
  #all = 0;
  #nextPoint = 0;
  /** Words of an epoch. */
  total: number | undefined;

  constructor(epochs: number, onProgress: ((progress: SkipGramProgress) => void) | undefined) {
    this.#epochs = epochs;
    this.#onProgress = onProgress;
  }

  begin(epoch: number): void {
    if (epoch === 1) this.#since = performance.now();
    this.#epoch = epoch;
    this.#words = 0;
  }

  add(words: number, [loss = 0, pairs = 0]: number[]): void {
    this.#words += words;
    if (this.#epoch > 0) this.#all += words;
    for (const mean of [this.#point, this.#told]) {
      mean.loss += loss;
      mean.pairs += pairs;
    }
    if (this.#epoch > 0 && this.#all >= this.#nextPoint && this.#point.pairs > 0) {
      this.#training.push({ words: this.#all, loss: taken(this.#point) });
      this.#nextPoint = this.#all + (this.total ?? 0) / POINTS;
    }
  }

  async pause(): Promise<void> {
    if (performance.now() - this.#last >= PROGRESS_EVERY) {
      this.#last = performance.now();
      this.#onProgress?.({
        epoch: this.#epoch,
        epochs: this.#epochs,
        words: this.#words,
        total: this.total,
        loss: taken(this.#told),
        rate: this.#rate(this.#all),
      });
    }
    await this.#pauses.pause();
  }

  finish(words: number): { words: number; rate: number; training: { words: number; loss: number }[] } {
    return { words, rate: this.#rate(words), training: this.#training };
  }

  #rate(words: number): number {
    return (1000 * words) / (performance.now() - this.#since);
  }
}

function taken(mean: { loss: number; pairs: number }): number {
  const value = mean.loss / mean.pairs;
  [mean.loss, mean.pairs] = [0, 0];
  return value;
}
