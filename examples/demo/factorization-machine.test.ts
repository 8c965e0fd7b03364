/** The model's logits against the sum over pairs that defines them, its gradients against finite differences of its loss. */
import { EmbeddingTable } from "tallygrad";
import { afterEach, describe, expect, test } from "vitest";
import { at } from "./at.js";
import type { Examples } from "./dataset.js";
import { batches, FactorizationMachine } from "./factorization-machine.js";
import { logisticLoss } from "./metrics.js";
import { Random } from "./random.js";

const rows = 9;
const fields = 3;
const dim = 4;
const globalBias = -0.3;

const tables: EmbeddingTable[] = [];
afterEach(() => {
  for (const table of tables.splice(0)) table.dispose();
});

describe("A factorization machine", () => {
  test("predicts the global bias plus biases plus the dot products of all pairs", () => {
    const { model, vectors, biases } = makeModel();
    const examples = makeExamples(5);
    model.predict(examples).forEach((logit, example) => {
      expect(logit).toBeCloseTo(logitOf(vectors, biases, idsOf(examples, example)), 6);
    });
  });

  test("predicts the same in batches of any size", () => {
    const examples = makeExamples(23);
    const whole = makeModel(23).model.predict(examples);
    expect(makeModel(4).model.predict(examples)).toEqual(whole);
  });

  test("has the gradient that finite differences of its summed loss find, for every weight", () => {
    const { model, vectors, biases } = makeModel();
    const examples = makeExamples(6);
    const gradients = model.gradients(examples);
    const loss = () => lossOf(vectors, biases, examples);
    const summed = sumByRow(examples, gradients);
    expectSlopes(vectors, summed.vectors, loss);
    expectSlopes(biases, summed.biases, loss);
  });

  test("trains by handing the optimizer one gradient for each occurrence: SGD moves each weight by lr times their sum", () => {
    const { model, vectors, biases } = makeModel();
    const examples = makeExamples(6);
    const summed = sumByRow(examples, model.gradients(examples));
    const loss = model.train(examples);
    expect(loss).toBeCloseTo(lossOf(vectors, biases, examples), 5);
    const all = Uint32Array.from({ length: rows }, (_, row) => row);
    model.vectors.lookup(all).forEach((weight, element) => {
      expect(weight).toBeCloseTo(at(vectors, element) - 0.1 * at(summed.vectors, element), 5);
    });
    model.biases.lookup(all).forEach((weight, row) => {
      expect(weight).toBeCloseTo(at(biases, row) - 0.1 * at(summed.biases, row), 5);
    });
  });

  test("keeps its weights when a clone of it is trained", () => {
    const { model } = makeModel();
    const copy = model.clone();
    tables.push(copy.vectors, copy.biases);
    const before = model.vectors.fingerprint();
    copy.train(makeExamples(6));
    expect(model.vectors.fingerprint()).toBe(before);
    expect(copy.vectors.fingerprint()).not.toBe(before);
  });
});

test("Batches hold every example once, in order, and the last may be short", () => {
  const examples = makeExamples(10);
  const parts = [...batches(examples, fields, 4)];
  expect(parts.map(([batch, start]) => [batch.count, start])).toEqual([
    [4, 0],
    [4, 4],
    [2, 8],
  ]);
  expect(parts.flatMap(([batch]) => [...batch.ids])).toEqual([...examples.ids]);
});

function makeModel(batch = 32) {
  const random = new Random(3, "weights");
  const vectors = Float32Array.from({ length: rows * dim }, () => 0.5 * random.normal());
  const biases = Float32Array.from({ length: rows }, () => 0.5 * random.normal());
  const optimizer = { type: "sgd", lr: 0.1 } as const;
  const vectorTable = new EmbeddingTable({ rows, dim, optimizer, init: vectors });
  const biasTable = new EmbeddingTable({ rows, dim: 1, optimizer, init: biases });
  tables.push(vectorTable, biasTable);
  const model = new FactorizationMachine({ fields, dim, batch, globalBias }, vectorTable, biasTable);
  return { model, vectors: Float64Array.from(vectors), biases: Float64Array.from(biases) };
}

/** Rows repeat within the batch, and one example holds a row twice. */
function makeExamples(count: number): Examples {
  const random = new Random(4, "examples");
  const ids = Uint32Array.from({ length: count * fields }, () => random.below(rows));
  ids[1] = at(ids, 0);
  return { count, ids, labels: Uint8Array.from({ length: count }, () => random.below(2)), trueLogits: null };
}

function idsOf(examples: Examples, example: number): number[] {
  return [...examples.ids.subarray(example * fields, (example + 1) * fields)];
}

/** The definition, in float64. */
function logitOf(vectors: Float64Array, biases: Float64Array, ids: readonly number[]): number {
  let logit = globalBias;
  ids.forEach((first, field) => {
    logit += at(biases, first);
    for (const second of ids.slice(field + 1)) {
      for (let d = 0; d < dim; d++) logit += at(vectors, first * dim + d) * at(vectors, second * dim + d);
    }
  });
  return logit;
}

function lossOf(vectors: Float64Array, biases: Float64Array, examples: Examples): number {
  return examples.labels.reduce(
    (sum, label, example) => sum + logisticLoss(logitOf(vectors, biases, idsOf(examples, example)), label),
    0,
  );
}

/** Gradients of occurrences, summed into the rows they belong to. */
function sumByRow(examples: Examples, gradients: { vectors: Float32Array; biases: Float32Array }) {
  const vectors = new Float64Array(rows * dim);
  const biases = new Float64Array(rows);
  examples.ids.forEach((id, occurrence) => {
    biases[id] = at(biases, id) + at(gradients.biases, occurrence);
    for (let d = 0; d < dim; d++) {
      vectors[id * dim + d] = at(vectors, id * dim + d) + at(gradients.vectors, occurrence * dim + d);
    }
  });
  return { vectors, biases };
}

/** Compares gradients with central differences of the loss as each weight is moved. */
function expectSlopes(weights: Float64Array, gradients: Float64Array, loss: () => number): void {
  const step = 1e-5;
  gradients.forEach((gradient, index) => {
    const weight = at(weights, index);
    weights[index] = weight + step;
    const above = loss();
    weights[index] = weight - step;
    const below = loss();
    weights[index] = weight;
    expect(gradient).toBeCloseTo((above - below) / (2 * step), 5);
  });
}
