/**
 * The clicks that the page learns from: an endless stream of visits, each naming one id in every field, and whether it was
 * clicked. A planted factorization machine decides, so that the best possible predictions are known. All numbers come from a seed
 * through the generators of `src/synthetic` and portable functions, so that every engine makes the same clicks to the last bit.
 */
import type { Examples } from "tallygrad/models";
import { at } from "../src/synthetic/at.js";
import { NormalRandom } from "../src/synthetic/normal-random.js";
import { sigmoid } from "../src/synthetic/portable-math.js";
import { Zipf } from "../src/synthetic/zipf.js";

const fields = 6;
export const idsPerField = 2_000;
const rows = fields * idsPerField;

const names = Array.from({ length: fields }, (_, field) => `field ${field + 1}`);

/** As a model takes them. */
export const modelFields = Object.fromEntries(names.map((name) => [name, idsPerField]));

/** Visits that are next to each other in the stream. */
export interface Visits extends Examples {
  readonly columns: Readonly<Record<string, Uint32Array>>;
  readonly labels: Uint8Array;
  readonly trueLogits: Float64Array;
}

/** Visits in consecutive batches. */
export function batches({ columns, labels }: Visits, size: number): Examples[] {
  return Array.from({ length: Math.ceil(labels.length / size) }, (_, batch) => {
    const cut = <T extends Uint32Array | Uint8Array>(values: T): T =>
      values.subarray(batch * size, (batch + 1) * size) as T;
    const own = Object.entries(columns).map(([name, column]) => [name, cut(column)]);
    return { columns: Object.fromEntries(own), labels: cut(labels) };
  });
}

/** The constant part of every logit: about a third of visits is clicked. */
export const globalBias = -1;
const plantedDim = 4;
const biasDeviation = 0.5;
const interactionDeviation = 1;

/** Visits as they come. Which ids are frequent is random within each field, as if ids were hashed. */
export class ClickStream {
  readonly #zipf: Zipf;
  readonly #visits: NormalRandom;
  readonly #idOfRank: readonly Uint32Array[];
  readonly #biases: Float32Array;
  readonly #vectors: Float32Array;
  readonly #sums = new Float64Array(plantedDim);

  constructor(exponent: number, seed: number) {
    this.#zipf = new Zipf(idsPerField, exponent);
    this.#visits = new NormalRandom(seed, "visits");
    const order = new NormalRandom(seed, "order of ids");
    this.#idOfRank = Array.from({ length: fields }, () => order.permutation(idsPerField));
    const planted = new NormalRandom(seed, "planted model");
    this.#biases = Float32Array.from({ length: rows }, () => biasDeviation * planted.normal());
    const scale = plantedScale();
    this.#vectors = Float32Array.from({ length: rows * plantedDim }, () => scale * planted.normal());
  }

  /** The next `count` visits. The stream does not depend on how it is cut into batches. */
  next(count: number): Visits {
    const columns = names.map(() => new Uint32Array(count));
    const own = new Uint32Array(fields);
    const labels = new Uint8Array(count);
    const trueLogits = new Float64Array(count);
    for (let example = 0; example < count; example++) {
      for (const [field, column] of columns.entries()) {
        const id = at(at(this.#idOfRank, field), this.#zipf.draw(this.#visits));
        column[example] = id;
        own[field] = field * idsPerField + id;
      }
      const logit = this.#plantedLogit(own);
      trueLogits[example] = logit;
      labels[example] = this.#visits.uniform() < sigmoid(logit) ? 1 : 0;
    }
    return { columns: Object.fromEntries(columns.map((column, field) => [names[field], column])), labels, trueLogits };
  }

  #plantedLogit(ids: Uint32Array): number {
    const sums = this.#sums.fill(0);
    let logit = globalBias;
    let squares = 0;
    for (const id of ids) {
      logit += at(this.#biases, id);
      for (let d = 0; d < plantedDim; d++) {
        const weight = at(this.#vectors, id * plantedDim + d);
        sums[d] = at(sums, d) + weight;
        squares -= weight * weight;
      }
    }
    for (const sum of sums) squares += sum * sum;
    return logit + squares / 2;
  }
}

/** With it the sum over pairs of fields of dot products has the standard deviation that was chosen: pairs * dim * scale^4. */
function plantedScale(): number {
  const pairs = (fields * (fields - 1)) / 2;
  return Math.sqrt(interactionDeviation / Math.sqrt(pairs * plantedDim));
}
