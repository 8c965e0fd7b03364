/**
 * A synthetic click log, shaped like a display-advertising log: 26 categorical fields whose sizes and Zipf exponents follow a
 * well-known public one, and labels from a planted factorization machine. A seed gives another model, not only other
 * clicks, so results are compared seed by seed. Everything is in memory; nothing is read.
 */
import { type Examples, metricsOf } from "tallygrad/models";
import { at } from "./at.js";
import { NormalRandom } from "./normal-random.js";
import { Zipf } from "./zipf.js";

/** Sizes of the fields at full scale, and the exponents of their Zipf distributions. */
const fullSizes: readonly (readonly [size: number, exponent: number])[] = [
  [1460, 1.1],
  [583, 0.9],
  [10131227, 1.02],
  [2202608, 1.0],
  [305, 1.2],
  [24, 1.0],
  [12517, 0.6],
  [633, 1.1],
  [3, 0.8],
  [93145, 0.9],
  [5683, 0.55],
  [8351593, 1.05],
  [3194, 0.6],
  [27, 0.7],
  [14992, 0.6],
  [5461306, 1.0],
  [10, 0.9],
  [5652, 0.7],
  [2173, 1.4],
  [4, 0.5],
  [7046547, 1.0],
  [18, 1.3],
  [15, 0.8],
  [286181, 1.13],
  [105, 1.2],
  [142572, 1.15],
];

export interface Field {
  readonly size: number;
  readonly exponent: number;
  /** Row index of the field's first id: fields never share an id. */
  readonly offset: number;
}

/** The fields of the log: above 20,000 ids, two percent of the full size, but at least 20,000. */
export const fields: readonly Field[] = layOut(fullSizes);

/** Rows that a table over all fields needs. */
export const rows: number = fields.reduce((sum, field) => sum + field.size, 0);

export const plantedDim = 8;
const interactionDeviation = 0.8;
const biasDeviation = 1 / Math.sqrt(fields.length);
const globalBias = -1.2;
const noiseDeviation = 0.3;

const nameOf = (field: number): string => `C${field + 1}`;

/** Ids of each field, as models take them. */
export const clickLogFields: Readonly<Record<string, number>> = Object.fromEntries(
  fields.map(({ size }, field) => [nameOf(field), size]),
);

/** Examples, and what is known of them. */
export interface ClickLog {
  /** C1 to C26. */
  readonly fields: Readonly<Record<string, number>>;
  readonly examples: Examples;
  /** The planted model's, without the noise: what a perfect learner would predict. */
  readonly trueLogits: Float64Array;
}

/** Makes the log of a seed. */
export function makeClickLog(seed: number, count: number): ClickLog {
  const ids = drawIds(seed, count);
  const trueLogits = plantLogits(seed, ids, count);
  return {
    fields: clickLogFields,
    examples: { columns: columnsOf(ids, count), labels: drawLabels(seed, trueLogits) },
    trueLogits,
  };
}

/** Examples `start` to `end - 1` of a log, without copying. */
export function sliceLog({ fields, examples, trueLogits }: ClickLog, start: number, end: number): ClickLog {
  const cut = (values: unknown): never => (values as Uint32Array).subarray(start, end) as never;
  const columns = Object.entries(examples.columns).map(([name, column]) => [name, cut(column)]);
  return {
    fields,
    examples: { columns: Object.fromEntries(columns), labels: cut(examples.labels) },
    trueLogits: trueLogits.subarray(start, end),
  };
}

/** The log-loss of the planted model's own predictions: the least that can be expected. */
export function oracleOf({ examples, trueLogits }: ClickLog): number {
  const predictions = Float64Array.from(trueLogits, (logit) => 1 / (1 + Math.exp(-logit)));
  return metricsOf(predictions, examples.labels).loss;
}

/** A column for each field, whose ids begin at 0. */
function columnsOf(ids: Uint32Array, count: number): Record<string, Uint32Array> {
  return Object.fromEntries(
    fields.map(({ offset }, field) => {
      const column = new Uint32Array(count);
      for (let example = 0; example < count; example++) {
        column[example] = at(ids, example * fields.length + field) - offset;
      }
      return [nameOf(field), column];
    }),
  );
}

/** Which id of a field is its most frequent is random, as if ids were hashed: frequent rows are strewn over the table. */
function drawIds(seed: number, count: number): Uint32Array {
  const ids = new Uint32Array(count * fields.length);
  fields.forEach(({ size, exponent, offset }, field) => {
    const random = new NormalRandom(seed, `ids of field ${field}`);
    const idOfRank = random.permutation(size);
    const zipf = new Zipf(size, exponent);
    for (let position = field; position < ids.length; position += fields.length) {
      ids[position] = offset + at(idOfRank, zipf.draw(random));
    }
  });
  return ids;
}

/** The model behind the labels, before its vectors are scaled: a bias and a vector for each row. */
export function plantModel(seed: number): { biases: Float32Array; vectors: Float32Array } {
  const random = new NormalRandom(seed, "planted model");
  return {
    biases: Float32Array.from({ length: rows }, () => biasDeviation * random.normal()),
    vectors: Float32Array.from({ length: rows * plantedDim }, () => random.normal()),
  };
}

/**
 * The planted model's logits. The interaction of vectors scaled by s is s^2 times that of the vectors as they are, so it is
 * computed first and then brought to its standard deviation over the whole log.
 */
function plantLogits(seed: number, ids: Uint32Array, count: number): Float64Array {
  const { biases, vectors } = plantModel(seed);
  const interactions = new Float64Array(count);
  const logits = new Float64Array(count);
  for (let example = 0; example < count; example++) {
    const own = ids.subarray(example * fields.length, (example + 1) * fields.length);
    interactions[example] = interaction(vectors, own);
    logits[example] = own.reduce((logit, id) => logit + at(biases, id), globalBias);
  }
  const scale = interactionDeviation / standardDeviation(interactions);
  return logits.map((logit, example) => logit + scale * at(interactions, example));
}

/** The sum over pairs of the dot products of their vectors, as (|sum of vectors|^2 - sum of |vector|^2) / 2. */
function interaction(vectors: Float32Array, ids: Uint32Array): number {
  let sumOfSquares = 0;
  let squareOfSum = 0;
  for (let element = 0; element < plantedDim; element++) {
    let sum = 0;
    for (const id of ids) {
      const weight = at(vectors, id * plantedDim + element);
      sum += weight;
      sumOfSquares += weight * weight;
    }
    squareOfSum += sum * sum;
  }
  return (squareOfSum - sumOfSquares) / 2;
}

function drawLabels(seed: number, trueLogits: Float64Array): Uint8Array {
  const random = new NormalRandom(seed, "labels");
  return Uint8Array.from(trueLogits, (logit) => {
    const noisy = logit + noiseDeviation * random.normal();
    return random.uniform() < 1 / (1 + Math.exp(-noisy)) ? 1 : 0;
  });
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function layOut(sizes: typeof fullSizes): Field[] {
  let offset = 0;
  return sizes.map(([fullSize, exponent]) => {
    const size = fullSize > 20_000 ? Math.max(20_000, Math.round(0.02 * fullSize)) : fullSize;
    const field = { size, exponent, offset };
    offset += size;
    return field;
  });
}
