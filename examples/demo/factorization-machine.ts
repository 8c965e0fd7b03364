/**
 * A factorization machine (Rendle, 2010) over two embedding tables: logit = global bias + the sum of the fields' biases + the
 * sum over pairs of fields of their vectors' dot products. It holds no optimizer: it computes gradients of the summed logistic
 * loss, one for each occurrence, and the tables' `update` does the rest. Buffers are made once and reused by every batch. In
 * the innermost loops `?? 0` satisfies strict index checks; positions are always inside, and the engine drops it.
 */
import { EmbeddingTable, type Optimizer } from "tallygrad";
import { at } from "./at.js";
import { type Dataset, type Examples, positiveRate, sliceExamples } from "./dataset.js";
import { logisticLoss } from "./metrics.js";
import { sigmoid } from "./portable-math.js";
import type { Recipe } from "./recipes.js";

export interface Shape {
  /** Row indices an example. */
  readonly fields: number;
  /** Weights a vector. */
  readonly dim: number;
  /** The most examples of one batch. */
  readonly batch: number;
  /** The constant part of every logit; it is not trained. */
  readonly globalBias: number;
}

/** Gradients of a batch's summed loss. The arrays are overwritten by the model's next batch. */
export interface Gradients {
  /** `count * fields * dim`, one vector for each occurrence. */
  readonly vectors: Float32Array;
  /** `count * fields`. */
  readonly biases: Float32Array;
}

export class FactorizationMachine {
  readonly shape: Shape;
  readonly vectors: EmbeddingTable;
  readonly biases: EmbeddingTable;
  readonly #vectorsOfBatch: Float32Array;
  readonly #biasesOfBatch: Float32Array;
  readonly #sums: Float64Array;
  readonly #logits: Float64Array;
  readonly #vectorGradients: Float32Array;
  readonly #biasGradients: Float32Array;

  constructor(shape: Shape, vectors: EmbeddingTable, biases: EmbeddingTable) {
    const occurrences = shape.batch * shape.fields;
    this.shape = shape;
    this.vectors = vectors;
    this.biases = biases;
    this.#vectorsOfBatch = new Float32Array(occurrences * shape.dim);
    this.#biasesOfBatch = new Float32Array(occurrences);
    this.#sums = new Float64Array(shape.batch * shape.dim);
    this.#logits = new Float64Array(shape.batch);
    this.#vectorGradients = new Float32Array(occurrences * shape.dim);
    this.#biasGradients = new Float32Array(occurrences);
  }

  /** A new model for a data set: normal vectors, zero biases, and the log-odds of the training labels as global bias. */
  static forDataset(data: Dataset, { dim, batch, seed, storage }: Recipe, optimizer: Optimizer): FactorizationMachine {
    const rate = positiveRate(data.train);
    const same = { rows: data.rows, optimizer, seed, ...storage };
    return new FactorizationMachine(
      { fields: data.fields, dim, batch, globalBias: Math.log(rate / (1 - rate)) },
      new EmbeddingTable({ ...same, dim, init: { type: "normal", scale: 0.05 } }),
      new EmbeddingTable({ ...same, dim: 1, init: { type: "zeros" } }),
    );
  }

  /** One step on a batch. Returns the summed loss of the predictions before it. */
  train(batch: Examples): number {
    const gradients = this.gradients(batch);
    this.vectors.update(batch.ids, gradients.vectors);
    this.biases.update(batch.ids, gradients.biases);
    let loss = 0;
    for (let example = 0; example < batch.count; example++) {
      loss += logisticLoss(at(this.#logits, example), at(batch.labels, example));
    }
    return loss;
  }

  /** The logits of any number of examples. */
  predict(examples: Examples): Float64Array {
    const logits = new Float64Array(examples.count);
    for (const [batch, start] of batches(examples, this.shape.fields, this.shape.batch)) {
      logits.set(this.#forward(batch), start);
    }
    return logits;
  }

  /**
   * The gradients of a batch's summed loss. With p = sigmoid(logit): p - label for each bias, and (p - label) * (the sum of the
   * example's vectors - the occurrence's own vector) for each vector.
   */
  gradients(batch: Examples): Gradients {
    const { fields, dim } = this.shape;
    const logits = this.#forward(batch);
    const sums = this.#sums;
    const vectors = this.#vectorsOfBatch;
    const vectorGradients = this.#vectorGradients;
    const biasGradients = this.#biasGradients;
    let element = 0;
    for (let example = 0; example < batch.count; example++) {
      const error = sigmoid(at(logits, example)) - at(batch.labels, example);
      biasGradients.fill(error, example * fields, (example + 1) * fields);
      const sumsStart = example * dim;
      for (let field = 0; field < fields; field++) {
        for (let d = 0; d < dim; d++, element++) {
          vectorGradients[element] = error * ((sums[sumsStart + d] ?? 0) - (vectors[element] ?? 0));
        }
      }
    }
    return {
      vectors: vectorGradients.subarray(0, batch.count * fields * dim),
      biases: biasGradients.subarray(0, batch.count * fields),
    };
  }

  /** An independent model with the same weights. */
  clone(): FactorizationMachine {
    return new FactorizationMachine(this.shape, this.vectors.clone(), this.biases.clone());
  }

  /** Gives the tables' memory back. */
  dispose(): void {
    this.vectors.dispose();
    this.biases.dispose();
  }

  /**
   * Looks a batch up and returns its logits; the vectors and each example's sum of vectors stay in the buffers. The sum over
   * pairs is (|sum of vectors|^2 - sum of |vector|^2) / 2, which is linear in the number of fields.
   */
  #forward(batch: Examples): Float64Array {
    const { fields, dim, globalBias } = this.shape;
    const vectors = this.vectors.lookup(batch.ids, this.#vectorsOfBatch);
    const biases = this.biases.lookup(batch.ids, this.#biasesOfBatch);
    const sums = this.#sums.fill(0);
    const logits = this.#logits;
    let occurrence = 0;
    let element = 0;
    for (let example = 0; example < batch.count; example++) {
      const sumsStart = example * dim;
      let logit = globalBias;
      let squares = 0;
      for (let field = 0; field < fields; field++) {
        logit += at(biases, occurrence++);
        for (let d = 0; d < dim; d++) {
          const weight = vectors[element++] ?? 0;
          sums[sumsStart + d] = (sums[sumsStart + d] ?? 0) + weight;
          squares -= weight * weight;
        }
      }
      for (let d = 0; d < dim; d++) {
        const sum = sums[sumsStart + d] ?? 0;
        squares += sum * sum;
      }
      logits[example] = logit + squares / 2;
    }
    return logits.subarray(0, batch.count);
  }
}

/** The examples in consecutive batches, each with the position of its first example. */
export function* batches(
  examples: Examples,
  fields: number,
  size: number,
): Generator<[batch: Examples, start: number]> {
  for (let start = 0; start < examples.count; start += size) {
    yield [sliceExamples(examples, fields, start, Math.min(start + size, examples.count)), start];
  }
}
