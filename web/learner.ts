/**
 * One of the rivals: a factorization machine over tables of its own, trained by one rule. It is given batches and keeps what the
 * page shows: the loss of every portion, the time that training took, and whether its tables had to refuse a gradient.
 */
import { EmbeddingTable, type Optimizer } from "tallygrad";
import type { Examples } from "../examples/demo/dataset.js";
import { FactorizationMachine } from "../examples/demo/factorization-machine.js";
import { fields, globalBias, rows } from "./clicks.js";
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

  constructor(name: LearnerName, optimizer: Optimizer, batch: number, seed: number) {
    this.name = name;
    this.#model = new FactorizationMachine(
      { fields, dim, batch, globalBias },
      new EmbeddingTable({ rows, dim, optimizer, init: { type: "normal", scale: 0.05 }, seed }),
      new EmbeddingTable({ rows, dim: 1, optimizer, init: { type: "zeros" }, seed }),
    );
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
      for (const batch of portion) loss += this.#model.train(batch);
    } catch (error) {
      if (!(error instanceof RangeError && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
      this.hasStopped = true;
      return;
    }
    this.milliseconds += performance.now() - start;
    this.losses.push(loss);
    for (const { count } of portion) this.examples += count;
  }

  dispose(): void {
    this.#model.dispose();
  }
}
