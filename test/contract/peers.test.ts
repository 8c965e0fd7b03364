/** Tables against what other libraries made of the same batches: the vectors in test/vectors, whose README says where peers differ. */
import { describe, expect, test } from "vitest";
import type { TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import fbgemm from "../vectors/fbgemm.json" with { type: "json" };
import transcribed from "../vectors/fbgemm-transcribed.json" with { type: "json" };
import pytorch from "../vectors/pytorch.json" with { type: "json" };
import { EmbeddingTable } from "./subject.js";
import { everyId } from "./support/batches.js";
import { expectSameElements } from "./support/pair.js";

interface Training {
  readonly name: string;
  readonly rows: number;
  readonly dim: number;
  readonly options: Partial<TableOptions>;
  readonly initial: readonly number[];
  readonly batches: readonly { readonly ids: number[]; readonly gradients: number[]; readonly lr?: number }[];
  readonly weights: readonly (readonly number[])[];
  readonly weights64?: readonly number[];
}

/** The cases with weights of 16 bits in which the peer rounds nothing but the new weight, as tables do. */
const exact = ["sgd-f16-exact-steps", "rowwise-adagrad-f16"];

describe.each([
  { peer: "PyTorch", file: pytorch },
  { peer: "FBGEMM", file: fbgemm },
  { peer: "FBGEMM, transcribed", file: transcribed },
])("$peer", ({ file }) => {
  const cases = file.cases.filter(({ kind }) => kind === "training") as unknown as readonly Training[];

  test.each(cases.filter((training) => !addsEpsLater(training)))("$name", (training) => {
    const { name, rows, dim, options, batches, weights, weights64 } = training;
    const initial = Float32Array.from(training.initial);
    const table = new EmbeddingTable({ rows, dim, init: initial, ...options });
    const bound = new Bound(options, initial);
    batches.forEach(({ ids, gradients, lr }, step) => {
      if (lr !== undefined) {
        table.lr = lr;
      }
      table.update(ids, Float32Array.from(gradients));
      const expected = Float32Array.from(at(weights, step));
      bound.grow(expected);
      const actual = table.lookup(everyId(rows));
      if (exact.includes(name)) {
        expectSameElements("weight", actual, expected);
      } else {
        expectWithin(actual, expected, 2 * bound.now);
      }
    });
    if (weights64 !== undefined) {
      expectWithin(table.lookup(everyId(rows)), weights64, bound.now);
    }
  });
});

/**
 * FBGEMM's Adams step the rows of a batch, but add eps after the correction, as only scope "all" does here. Their eps is eps * sqrt(1 - beta2^t) in
 * the words of scope "touched": from eps * sqrt(1 - beta2) to eps. So their steps lie between those of two tables.
 */
function addsEpsLater({ options, name }: Training): boolean {
  return options.optimizer?.type === "rowwise-adam" && name.startsWith("partial-");
}

describe("FBGEMM, transcribed", () => {
  const cases = (transcribed.cases as unknown as readonly Training[]).filter(addsEpsLater);

  test.each(cases)("$name, to its eps", ({ rows, dim, options, initial, batches, weights }) => {
    const { optimizer } = options;
    if (optimizer?.type !== "rowwise-adam") {
      return expect.fail("another optimizer");
    }
    const { eps = 1e-8, beta2 = 0.999 } = optimizer;
    const init = Float32Array.from(initial);
    const [more, less] = [eps, eps * Math.sqrt(1 - beta2)].map(
      (its) => new EmbeddingTable({ rows, dim, init, ...options, optimizer: { ...optimizer, eps: its } }),
    ) as [EmbeddingTable, EmbeddingTable];
    const ids = everyId(rows);
    const bound = new Bound(options, init);
    const apart = new Float64Array(init.length);
    batches.forEach((batch, step) => {
      const [moreBefore, lessBefore] = [more.lookup(ids), less.lookup(ids)];
      more.update(batch.ids, Float32Array.from(batch.gradients));
      less.update(batch.ids, Float32Array.from(batch.gradients));
      const [moreAfter, lessAfter] = [more.lookup(ids), less.lookup(ids)];
      const expected = Float32Array.from(at(weights, step));
      bound.grow(expected);
      apart.forEach((distance, i) => {
        const [withMore, withLess] = [at(moreAfter, i) - at(moreBefore, i), at(lessAfter, i) - at(lessBefore, i)];
        apart[i] = distance + Math.abs(withMore - withLess);
        expect(Math.abs(at(moreAfter, i) - at(expected, i))).toBeLessThanOrEqual(at(apart, i) + 2 * bound.now);
      });
    });
  });
});

/**
 * How far rounding can lead weights astray. Each step rounds a weight twice at most, and its step is off by a few roundings
 * and by those of its state, at most four for each step so far; here they are in units of the longest step in the table.
 */
class Bound {
  now = 0;
  #steps = 0;
  #before: Float32Array;
  readonly #unit: number;
  readonly #clipping: number;

  constructor({ dtype = "f32", clip }: Partial<TableOptions>, initial: Float32Array) {
    this.#before = initial;
    // FBGEMM rounds steps to float16 as well.
    this.#unit = dtype === "f16" ? 2 ** -11 : 2 ** -24;
    // PyTorch adds 1e-6 to a norm before it divides by it, and clipped norms are above the limit.
    this.#clipping = clip?.type === "global-norm" ? 1e-6 / clip.limit : 0;
  }

  grow(weights: Float32Array): void {
    this.#steps += 1;
    const largest = Math.max(...weights.map(Math.abs));
    const longest = Math.max(...weights.map((weight, i) => Math.abs(weight - at(this.#before, i))));
    this.now += this.#unit * (2 * largest + (8 + 4 * this.#steps) * longest) + this.#clipping * longest;
    this.#before = weights;
  }
}

function expectWithin(actual: Float32Array, expected: ArrayLike<number>, bound: number): void {
  actual.forEach((weight, i) => {
    expect(Math.abs(weight - at(expected, i)), `weight ${i}`).toBeLessThanOrEqual(bound);
  });
}
