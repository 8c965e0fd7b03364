/**
 * The loss of a factorization machine, and of DeepFM, in float64, as their definition has it: pair by pair of an example's values. It shares nothing with the sums of
 * `docs/models.md`, so that its differences tell whether those are right.
 */
import type { Examples } from "../../models.js";
import { at } from "./at.js";
import { type Cells, cellsOf, type Fields } from "./machine-values.js";

/** Rows of each table. */
export interface Weights {
  readonly vectors: readonly Float64Array[];
  readonly biases: readonly Float64Array[];
  /** Units of each layer: weights, and the bias last. */
  readonly layers: readonly (readonly Float64Array[])[];
  readonly intercept: number;
}

type Loss = "logistic" | "squared";

export function predictionByPairs(
  fields: Fields,
  weights: Weights,
  loss: Loss,
  columns: Examples["columns"],
): number[] {
  return cellsOf(fields, columns).map((cells) => {
    const raw = rawOf(cells, weights);
    return loss === "logistic" ? 1 / (1 + Math.exp(-raw)) : raw;
  });
}

/** The sum of all examples' losses. */
export function lossByPairs(fields: Fields, weights: Weights, loss: Loss, examples: Examples): number {
  return cellsOf(fields, examples.columns).reduce((sum, cells, example) => {
    const [raw, label] = [rawOf(cells, weights), at(examples.labels, example)];
    const own = loss === "squared" ? (raw - label) ** 2 / 2 : Math.log(1 + Math.exp(label === 1 ? -raw : raw));
    return sum + (examples.weights?.[example] ?? 1) * own;
  }, 0);
}

function rawOf(cells: Cells, { vectors, biases, layers, intercept }: Weights): number {
  const values = cells.flat();
  let raw = intercept;
  for (const [index, { row, factor }] of values.entries()) {
    raw += factor * at(at(biases, row), 0);
    for (const other of values.slice(index + 1)) {
      raw += factor * other.factor * dot(at(vectors, row), at(vectors, other.row));
    }
  }
  return layers.length === 0 ? raw : raw + throughNetwork(cells, vectors, layers);
}

function throughNetwork(cells: Cells, vectors: Weights["vectors"], layers: Weights["layers"]): number {
  const dim = at(vectors, 0).length;
  let given = cells.flatMap((cell) =>
    Array.from({ length: dim }, (_, d) =>
      cell.reduce((sum, { row, factor }) => sum + factor * at(at(vectors, row), d), 0),
    ),
  );
  for (const [number, layer] of layers.entries()) {
    const gives = layer.map((unit) => dot(Float64Array.from(given), unit) + at(unit, given.length));
    given = number === layers.length - 1 ? gives : gives.map((value) => Math.max(value, 0));
  }
  return at(given, 0);
}

/** The sum of products, over the first's length. */
function dot(row: Float64Array, other: Float64Array): number {
  return row.reduce((sum, element, d) => sum + element * at(other, d), 0);
}
