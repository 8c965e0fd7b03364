/**
 * One of the rivals: a factorization machine, trained by one rule. It is given batches and keeps what the
 * page shows: the loss of every portion, the time that training took, and whether its tables had to refuse a gradient.
 */
import type { EmbeddingTable, Optimizer } from "tallygrad";
import { type Examples, FactorizationMachine } from "tallygrad/models";
import { globalBias, modelFields } from "./clicks.js";
import type { LearnerName } from "./run.js";

/** Weights a vector. */
const dim = 8;

export interface Fingerprints {
  readonly vectors: string;
  readonly biases: string;
}

export class Learner {
  readonly name: LearnerName;
  /** Summed loss of each portion so far, every example predicted before it was learned from. */
  readonly losses: number[] = [];
  /** Spent on training, lookups and gradients included. */
  milliseconds = 0;
  /** Examples trained on. */
  examples = 0;
  /** Whether a gradient was not finite: such a learner stays as it is. */
  hasStopped = false;
  readonly #model: FactorizationMachine;

  constructor(name: LearnerName, optimizer: Optimizer, seed: number) {
    this.name = name;
    const init = { type: "normal", scale: 0.05 } as const;
    this.#model = new FactorizationMachine({ fields: modelFields, dim, optimizer, init, intercept: globalBias, seed });
  }

  /** The table of vectors. */
  get table(): EmbeddingTable {
    return this.#model.vectors;
  }

  get fingerprints(): Fingerprints {
    return { vectors: this.#model.vectors.fingerprint(), biases: this.#model.biases.fingerprint() };
  }

  /** Trains on a portion, batch by batch. */
  train(portion: readonly Examples[]): void {
    if (this.hasStopped) return;
    const start = performance.now();
    let loss = 0;
    try {
      for (const batch of portion) loss += batch.labels.length * this.#model.partialFit(batch);
    } catch (error) {
      if (!(error instanceof RangeError && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
      this.hasStopped = true;
      return;
    }
    this.milliseconds += performance.now() - start;
    this.losses.push(loss);
    for (const { labels } of portion) this.examples += labels.length;
  }

  dispose(): void {
    this.#model.dispose();
  }
}
