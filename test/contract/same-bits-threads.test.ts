/** Batches large enough to be shared among threads: the oracle's bits at any number of threads. */
import { beforeAll, describe, expect, test } from "vitest";
import { OracleTable } from "../oracle/oracle-table.js";
import { EmbeddingTable } from "./subject.js";
import { type Batch, gradientsFor, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import { plainCases, ruleCases } from "./support/rule-cases.js";

const rows = 4000;
const dim = 64;
const threadCounts = [1, 2, 4];
/** Enough of them that threads share a batch (`WORTH_SHARING` in the kernel), few enough for the oracle. */
const occurrences = 10_000;
const skewed = skewedBatch(new Random(seed), rows, dim, occurrences);
const hot = hotBatch();

/** One row has a third of the occurrences, which two threads share, and another a seventh, which four do. */
function hotBatch(): Batch {
  const random = new Random(seed + 1);
  const ids = Uint32Array.from({ length: occurrences }, () => {
    const u = random.uniform();
    return u < 1 / 3 ? 3001 : u < 1 / 3 + 1 / 7 ? 17 : random.below(rows);
  });
  return { ids, gradients: gradientsFor(random, ids.length, dim) };
}

/** Those of the others that ask something of threads that plain ones do not. */
const others = [
  "momentum",
  "rmsprop",
  "ftrl",
  "rowwise-adam",
  "sgd, f16",
  "adamw, all, rate 0.3",
  "rowwise-adagrad, clipped together",
  "adam, all, narrow at random",
];

describe.each([...plainCases, ...ruleCases.filter(({ name }) => others.includes(name))])("$name", ({ options }) => {
  let expected = "";

  beforeAll(() => {
    const oracle = new OracleTable({ rows, dim, init: { type: "zeros" }, ...options(rows) });
    oracle.update(skewed.ids, skewed.gradients);
    oracle.update(hot.ids, hot.gradients);
    oracle.flush();
    expected = oracle.fingerprint();
  });

  test.each(threadCounts)(`has the oracle's bits with %i threads (seed ${seed})`, (threads) => {
    const table = new EmbeddingTable({ rows, dim, threads, init: { type: "zeros" }, ...options(rows) });
    table.update(skewed.ids, skewed.gradients);
    table.update(hot.ids, hot.gradients);
    table.flush();
    expect(table.fingerprint()).toBe(expected);
    table.dispose();
  });
});

describe("threads", () => {
  test(`keep numbers below the smallest normal float (seed ${seed})`, () => {
    const optimizer = { type: "sgd", lr: 0.5 } as const;
    const tiny = { scale: 1e-38 };
    const oracle = new OracleTable({ rows, dim, init: { type: "zeros" }, optimizer });
    oracle.update(skewed.ids, skewed.gradients, tiny);
    for (const threads of threadCounts) {
      const table = new EmbeddingTable({ rows, dim, threads, init: { type: "zeros" }, optimizer });
      table.update(skewed.ids, skewed.gradients, tiny);
      expect(table.fingerprint()).toBe(oracle.fingerprint());
    }
  });

  test("draw the same first weights", () => {
    const expected = new OracleTable({ rows, dim, seed: 5 }).fingerprint();
    for (const threads of threadCounts) {
      expect(new EmbeddingTable({ rows, dim, seed: 5, threads }).fingerprint()).toBe(expected);
    }
  });

  test.each(threadCounts)("shows up to %i of them in backend; WebAssembly has one", (threads) => {
    const { backend } = new EmbeddingTable({ rows: 1, dim: 1, threads });
    expect(backend.threads).toBe(backend.kind === "wasm" ? 1 : threads);
  });

  test("may differ between two tables that step in turn", () => {
    const options = { rows, dim, init: { type: "zeros" } } as const;
    const one = new EmbeddingTable({ ...options, threads: 1 });
    const four = new EmbeddingTable({ ...options, threads: 4 });
    for (const { ids, gradients } of [skewed, hot, skewed]) {
      four.update(ids, gradients);
      one.update(ids, gradients);
    }
    expect(four.fingerprint()).toBe(one.fingerprint());
  });
});
