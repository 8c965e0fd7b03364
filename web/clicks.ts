/**
 * The clicks that the page learns from: an endless stream of visits, each naming one id in every field, and whether it was
 * clicked. A planted factorization machine decides, so that the best possible predictions are known. All numbers come from a seed
 * through `examples/demo`'s generators and portable functions, so that every engine makes the same clicks to the last bit.
 */
import { at } from "../examples/demo/at.js";
import type { Examples } from "../examples/demo/dataset.js";
import { sigmoid } from "../examples/demo/portable-math.js";
import { Random } from "../examples/demo/random.js";
import { Zipf } from "../examples/demo/zipf.js";

export const fields = 6;
export const idsPerField = 2_000;
export const rows = fields * idsPerField;

/** The constant part of every logit: about a third of visits is clicked. */
export const globalBias = -1;
const plantedDim = 4;
const biasDeviation = 0.5;
const interactionDeviation = 1;

/** Visits as they come. Which ids are frequent is random within each field, as if ids were hashed. */
export class ClickStream {
  readonly #zipf: Zipf;
  readonly #visits: Random;
  readonly #idOfRank: readonly Uint32Array[];
  readonly #biases: Float32Array;
  readonly #vectors: Float32Array;
  readonly #sums = new Float64Array(plantedDim);

  constructor(exponent: number, seed: number) {
    this.#zipf = new Zipf(idsPerField, exponent);
    this.#visits = new Random(seed, "visits");
    const order = new Random(seed, "order of ids");
    this.#idOfRank = Array.from({ length: fields }, () => order.permutation(idsPerField));
    const planted = new Random(seed, "planted model");
    this.#biases = Float32Array.from({ length: rows }, () => biasDeviation * planted.normal());
    const scale = plantedScale();
    this.#vectors = Float32Array.from({ length: rows * plantedDim }, () => scale * planted.normal());
  }

  /** The next `count` visits. The stream does not depend on how it is cut into batches. */
  next(count: number): Examples & { readonly trueLogits: Float64Array } {
    const ids = new Uint32Array(count * fields);
    const labels = new Uint8Array(count);
    const trueLogits = new Float64Array(count);
    for (let example = 0; example < count; example++) {
      const own = ids.subarray(example * fields, (example + 1) * fields);
      for (let field = 0; field < fields; field++) {
        own[field] = field * idsPerField + at(at(this.#idOfRank, field), this.#zipf.draw(this.#visits));
      }
      const logit = this.#plantedLogit(own);
      trueLogits[example] = logit;
      labels[example] = this.#visits.uniform() < sigmoid(logit) ? 1 : 0;
    }
    return { count, ids, labels, trueLogits };
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
