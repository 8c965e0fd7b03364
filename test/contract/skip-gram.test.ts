/** Skip-gram: what it learns from texts whose structure is known, the same bits however it runs, and what it refuses. */

import { readWord2vec } from "tallygrad/formats";
import { type Sentences, SkipGram, type SkipGramOptions } from "tallygrad/models";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../index.js";
import { places } from "./support/places.js";
import { Random, seed } from "./support/random.js";
import { expectRefusal } from "./support/refusals.js";

/** Sentences about one of two subjects each, whose words never meet those of the other, and words that are everywhere. */
function texts(random: Random, count: number): string[][] {
  return Array.from({ length: count }, () => {
    const subject = random.uniform() < 0.5 ? "sea" : "hill";
    return Array.from({ length: 8 }, () =>
      random.uniform() < 0.2 ? "the" : `${subject}-${Math.floor(12 * random.uniform())}`,
    );
  });
}

const small: SkipGramOptions = { dim: 12, minCount: 1, window: 3, subsample: 0, batchWords: 200 };

async function trained(sentences: Sentences, options: SkipGramOptions = {}, epochs = 2): Promise<SkipGram> {
  const model = new SkipGram({ ...small, ...options });
  await model.fit(sentences, { epochs });
  return model;
}

async function refused(work: () => unknown): Promise<() => void> {
  try {
    await work();
    return () => undefined;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

describe("words", () => {
  test("are those that occur often enough, the most frequent first, then as they came", async () => {
    using model = await trained(
      [
        ["b", "a", "c", "a"],
        ["c", "d", "a", "b"],
      ],
      { minCount: 2 },
    );
    expect(model.words).toEqual(["a", "b", "c"]);
    expect([...model.counts]).toEqual([3, 2, 2]);
    expect([model.vectors.rows, model.contexts.rows, model.vectors.dim]).toEqual([3, 3, 12]);
    expect(model.vector("d")).toBeUndefined();
    expect(model.neighbors("d")).toEqual([]);
    expect(model.similarity("a", "d")).toBeNaN();
  });

  test("may be numbers and bigints, as items are", async () => {
    using model = await trained(
      [
        [1, 2n, "1", 1],
        [2n, "1", 1, 2n],
      ],
      { window: "all" },
    );
    expect(model.words).toEqual([1, 2n, "1"]);
    expect(model.vector(2n)).toHaveLength(12);
  });
});

describe("what is learned", () => {
  test("words of one subject are neighbours, and those of another are not", async () => {
    const sentences = texts(new Random(seed), 600);
    using model = await trained(sentences, {}, 8);
    for (const word of ["sea-0", "hill-3"]) {
      const subject = word.slice(0, -2);
      const nearest = model.neighbors(word, 8).map((neighbor) => neighbor.word);
      expect(nearest.filter((neighbor) => String(neighbor).startsWith(subject)).length).toBeGreaterThanOrEqual(7);
    }
  });

  test("similarity is the cosine of vectors, and neighbours are in its order", async () => {
    using model = await trained(texts(new Random(seed), 50));
    const cosine = (a: Float32Array, b: Float32Array): number => {
      const dot = (x: Float32Array, y: Float32Array): number =>
        x.reduce((sum, value, d) => sum + value * (y[d] ?? 0), 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    const [word, ...others] = model.words;
    const own = model.vector(word ?? "") as Float32Array;
    const expected = others
      .map((other) => ({ word: other, similarity: cosine(own, model.vector(other) as Float32Array) }))
      .sort((a, b) => b.similarity - a.similarity);
    const neighbors = model.neighbors(word ?? "", others.length + 5);
    expect(neighbors.map((neighbor) => neighbor.word)).toEqual(expected.map((neighbor) => neighbor.word));
    for (const [index, { similarity }] of neighbors.entries()) {
      expect(similarity).toBeCloseTo(expected[index]?.similarity ?? Number.NaN, 5);
    }
    expect(model.similarity(word ?? "", others[0] ?? "")).toBeCloseTo(
      model.similarity(others[0] ?? "", word ?? ""),
      12,
    );
    expect(model.neighbors(word ?? "", 3)).toEqual(neighbors.slice(0, 3));
  });

  test("loss falls, and progress is told", async () => {
    const told: number[] = [];
    const model = new SkipGram(small);
    const sentences = texts(new Random(seed), 4000);
    const { words, rate, training } = await model.fit(sentences, {
      epochs: 4,
      onProgress: ({ epoch, words, total }) => told.push(epoch + words / (total ?? Number.POSITIVE_INFINITY)),
    });
    expect(words).toBe(4 * 8 * 4000);
    expect(rate).toBeGreaterThan(1000);
    expect(training[0]?.loss).toBeCloseTo(6 * Math.LN2, 1);
    expect(training.at(-1)?.loss).toBeLessThan(training[0]?.loss ?? 0);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });
});

describe("the same bits", () => {
  const sentences = texts(new Random(seed), 200);
  test("on every backend and with any number of threads", async () => {
    const expected = (await trained(sentences)).fingerprint();
    for (const place of places) expect((await trained(sentences, place)).fingerprint()).toBe(expected);
  });

  test("for sentences that come as they are read", async () => {
    const expected = (await trained(sentences)).fingerprint();
    const stream = {
      async *[Symbol.asyncIterator]() {
        yield* sentences;
      },
    };
    expect((await trained(stream)).fingerprint()).toBe(expected);
  });

  test("with another seed they are others", async () => {
    expect((await trained(sentences, { seed: 1 })).fingerprint()).not.toBe((await trained(sentences)).fingerprint());
  });

  test("saved, loaded elsewhere and trained on is trained on", async () => {
    for (const place of places) {
      using model = await trained(sentences);
      using copy = await SkipGram.load(await model.save(), place);
      expect([copy.words, copy.counts, copy.fingerprint()]).toEqual([model.words, model.counts, model.fingerprint()]);
      await model.fit(sentences, { epochs: 1 });
      await copy.fit(sentences, { epochs: 1 });
      expect(copy.fingerprint()).toBe(model.fingerprint());
    }
  });
});

test("vectors are written as word2vec does", async () => {
  using model = await trained(texts(new Random(seed), 30));
  for (const binary of [false, true]) {
    const { keys, weights } = await readWord2vec(await model.writeWord2vec(undefined, { binary }), { binary });
    expect(keys).toEqual(model.words);
    expect(weights).toEqual(model.vectors.lookup(keys.map((_, row) => row)));
  }
});

describe("what is refused", () => {
  test.each<[SkipGramOptions, ErrorCode, string]>([
    [{ dim: 0 }, "ERR_OPTION_VALUE", "dim"],
    [{ window: 101 }, "ERR_OPTION_VALUE", "window"],
    [{ window: "some" as "all" }, "ERR_OPTION_VALUE", "window"],
    [{ negatives: 0 }, "ERR_OPTION_VALUE", "negatives"],
    [{ minCount: 0 }, "ERR_OPTION_VALUE", "minCount"],
    [{ subsample: -1 }, "ERR_OPTION_VALUE", "subsample"],
    [{ power: Number.NaN }, "ERR_OPTION_VALUE", "power"],
    [{ batchWords: 1.5 }, "ERR_OPTION_VALUE", "batchWords"],
    [{ optimizer: { type: "sgd" } as never }, "ERR_MISSING_OPTION", "optimizer.lr"],
    [{ windows: 3 } as never, "ERR_UNKNOWN_OPTION", "window"],
  ])("options %j", (options, code, mention) => {
    expectRefusal(() => new SkipGram(options), { code, mentions: [mention] });
  });

  test("questions before words were counted, and after disposal", async () => {
    const model = new SkipGram(small);
    expectRefusal(() => model.vectors, { code: "ERR_NOT_TRAINED" });
    expectRefusal(() => model.neighbors("a"), { code: "ERR_NOT_TRAINED" });
    model.dispose();
    expectRefusal(() => model.words, { code: "ERR_DISPOSED" });
    expectRefusal(await refused(() => model.fit([["a", "b"]])), { code: "ERR_DISPOSED" });
  });

  test.each<[unknown, ErrorCode, string]>([
    [[], "ERR_OPTION_VALUE", "sentences"],
    [[["a", "a"]], "ERR_OPTION_VALUE", "minCount"],
    [5, "ERR_WRONG_CLASS", "sentences"],
    [[["a"], "b c"], "ERR_WRONG_CLASS", "sentences[1]"],
    [[["a", undefined]], "ERR_WRONG_CLASS", "keys[1]"],
  ])("sentences %j", async (sentences, code, mention) => {
    const model = new SkipGram(small);
    expectRefusal(await refused(() => model.fit(sentences as Sentences)), { code, mentions: [mention] });
  });

  test("sentences that end after they were counted", async () => {
    const generator = (function* () {
      yield ["a", "b", "a"];
    })();
    const model = new SkipGram(small);
    expectRefusal(await refused(() => model.fit(generator)), { code: "ERR_OPTION_VALUE", mentions: ["several times"] });
  });

  test("training while it trains, and stopping it leaves a model that goes on", async () => {
    const sentences = texts(new Random(seed), 3000);
    const model = new SkipGram(small);
    const controller = new AbortController();
    const training = model.fit(sentences, { epochs: 50, signal: controller.signal });
    expectRefusal(await refused(() => model.fit(sentences)), { code: "ERR_TRAINING" });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(training).rejects.toThrow("enough");
    await model.fit(sentences, { epochs: 1 });
    expect(model.words).toHaveLength(25);
  });

  test("files that are something else", async () => {
    using model = await trained([["a", "b", "a", "b"]]);
    const file = new Uint8Array(await (await model.vectors.save()).arrayBuffer());
    expectRefusal(await refused(() => SkipGram.load(file)), { code: "ERR_FILE_FORMAT" });
    const whole = new Uint8Array(await (await model.save()).arrayBuffer());
    for (let length = 0; length < whole.length; length += 97) {
      expectRefusal(await refused(() => SkipGram.load(whole.slice(0, length))), { code: "ERR_FILE_FORMAT" });
    }
  });
});
