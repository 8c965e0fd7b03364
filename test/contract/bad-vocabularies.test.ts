/** What vocabularies refuse: options and keys that are none, files that are not theirs. */
import { describe, expect, test } from "vitest";
import type { Key, VocabularyOptions } from "../../index.js";
import { EmbeddingTable, loadAll, saveAll, Vocabulary } from "./subject.js";
import { expectRefusal } from "./support/refusals.js";

describe("options", () => {
  const table = new EmbeddingTable({ rows: 5, dim: 1 });
  test.each<[options: unknown, code: string, mentions: string[]]>([
    [undefined, "ERR_OPTION_VALUE", ["options"]],
    [{}, "ERR_MISSING_OPTION", ["capacity"]],
    [{ capacity: 1 }, "ERR_OPTION_VALUE", ["capacity", "1"]],
    [{ capacity: 2.5 }, "ERR_OPTION_VALUE", ["2.5"]],
    [{ capacity: 2 ** 32 }, "ERR_OPTION_VALUE", ["4294967296"]],
    [{ capacity: 4, seed: -1 }, "ERR_OPTION_VALUE", ["seed"]],
    [{ capacity: 4, evictoin: {} }, "ERR_UNKNOWN_OPTION", ["eviction"]],
    [{ capacity: 4, eviction: "lru" }, "ERR_OPTION_VALUE", ["eviction"]],
    [{ capacity: 4, eviction: {} }, "ERR_MISSING_OPTION", ["eviction.type"]],
    [{ capacity: 4, eviction: { type: "least" } }, "ERR_OPTION_VALUE", ["least-recent"]],
    [{ capacity: 4, eviction: { type: "least-recent", steps: 3 } }, "ERR_UNKNOWN_OPTION", ["steps"]],
    [{ capacity: 4, eviction: { type: "time-to-live" } }, "ERR_MISSING_OPTION", ["eviction.steps"]],
    [{ capacity: 4, eviction: { type: "time-to-live", steps: 0 } }, "ERR_OPTION_VALUE", ["eviction.steps"]],
    [{ capacity: 4, eviction: { type: "score", exponent: Number.NaN } }, "ERR_OPTION_VALUE", ["eviction.exponent"]],
    [{ capacity: 4, admission: { type: "count" } }, "ERR_MISSING_OPTION", ["admission.least"]],
    [{ capacity: 4, admission: { type: "count", least: 2, candidates: 0 } }, "ERR_OPTION_VALUE", ["candidates"]],
    [{ capacity: 4, admission: { type: "bloom", least: 256 } }, "ERR_OPTION_VALUE", ["admission.least", "255"]],
    [{ capacity: 4, admission: { type: "probability" } }, "ERR_MISSING_OPTION", ["admission.probability"]],
    [{ capacity: 4, admission: { type: "probability", probability: 1.5 } }, "ERR_OPTION_VALUE", ["1.5"]],
    [{ capacity: 4, backend: "gpu" }, "ERR_OPTION_VALUE", ["backend"]],
    [{ capacity: 4, tables: table }, "ERR_WRONG_CLASS", ["tables"]],
    [{ capacity: 4, tables: [{}] }, "ERR_WRONG_CLASS", ["tables[0]"]],
    [{ capacity: 4, tables: [table] }, "ERR_OPTION_VALUE", ["tables[0]", "4", "5"]],
  ])("%j", (options, code, mentions) => {
    expectRefusal(() => new Vocabulary(options as VocabularyOptions), { code: code as "ERR_OPTION_VALUE", mentions });
  });
});

describe("keys", () => {
  test.each<[name: string, keys: unknown, code: string, mentions: string[]]>([
    ["none", undefined, "ERR_WRONG_CLASS", ["keys"]],
    ["a text", "abc", "ERR_WRONG_CLASS", ["keys"]],
    ["nothing in between", ["a", undefined, "b"], "ERR_WRONG_CLASS", ["keys[1]"]],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested.
    ["a hole", ["a", , "b"], "ERR_WRONG_CLASS", ["keys[1]"]],
    ["an object", ["a", {}], "ERR_WRONG_CLASS", ["keys[1]"]],
    ["NaN", [1, Number.NaN], "ERR_OPTION_VALUE", ["keys[1]", "NaN"]],
    ["a bigint that is too large", [2n ** 64n], "ERR_OPTION_VALUE", ["keys[0]"]],
    ["a bigint that is too small", [0n, -(2n ** 63n) - 1n], "ERR_OPTION_VALUE", ["keys[1]"]],
    ["a lone surrogate", ["a", "b\ud800"], "ERR_OPTION_VALUE", ["keys[1]", "surrogates"]],
    ["surrogates that would meet", ["\ud83d", "\udd11"], "ERR_OPTION_VALUE", ["keys[0]"]],
    ["a text that is too long", ["a", "b".repeat(65_535)], "ERR_OPTION_VALUE", ["keys[1]", "65535"]],
  ])("%s", (_name, keys, code, mentions) => {
    const vocabulary = new Vocabulary({ capacity: 4 });
    vocabulary.rows(["a"]);
    const before = vocabulary.fingerprint();
    const refusal = { code: code as "ERR_OPTION_VALUE", mentions };
    expectRefusal(() => vocabulary.rows(keys as Key[]), refusal);
    expectRefusal(() => vocabulary.lookup(keys as Key[]), refusal);
    expect(vocabulary.fingerprint()).toBe(before);
  });

  test("an out that is too short or of another class, a row that is none", () => {
    const vocabulary = new Vocabulary({ capacity: 4 });
    expectRefusal(() => vocabulary.rows(["a", "b"], new Uint32Array(1)), {
      code: "ERR_WRONG_LENGTH",
      mentions: ["out"],
    });
    expectRefusal(() => vocabulary.rows(["a"], new Float32Array(1) as never), { code: "ERR_WRONG_CLASS" });
    for (const row of [-1, 4, 0.5]) expectRefusal(() => vocabulary.key(row), { code: "ERR_ID_OUT_OF_RANGE" });
    expect(vocabulary.size).toBe(0);
    const out = new Uint32Array(5).fill(9);
    expect(vocabulary.rows(["a", "b"], out)).toBe(out);
    expect(Array.from(out)).toEqual([1, 2, 9, 9, 9]);
  });

  test("less capacity than there is, and anything once it is disposed", () => {
    const vocabulary = new Vocabulary({ capacity: 4 });
    expectRefusal(() => vocabulary.grow(3), { code: "ERR_OPTION_VALUE", mentions: ["3", "4"] });
    vocabulary.dispose();
    vocabulary.dispose();
    for (const call of [() => vocabulary.rows([]), () => vocabulary.lookup([]), () => vocabulary.size]) {
      expectRefusal(call, { code: "ERR_DISPOSED" });
    }
  });
});

describe("files", () => {
  const saved = async (): Promise<Uint8Array> => {
    const vocabulary = new Vocabulary({
      capacity: 5,
      admission: { type: "count", least: 2 },
      eviction: { type: "least-recent" },
    });
    for (const keys of [
      ["a", "a", "bb", "bb", "c"],
      ["d", "d", "e", "e"],
      ["f", "f"],
    ])
      vocabulary.rows(keys);
    return new Uint8Array(await (await saveAll({ vocabulary })).arrayBuffer());
  };

  test("that are cut off anywhere", async () => {
    const file = await saved();
    for (let length = 0; length < file.length; length += 1) {
      await expect(loadAll(file.subarray(0, length))).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
    }
  });

  test("with any one byte changed are refused, or a vocabulary that works", async () => {
    const file = await saved();
    let refused = 0;
    for (let position = 0; position < file.length; position += 1) {
      const changed = file.slice();
      changed[position] = (changed[position] ?? 0) ^ 1;
      try {
        const { vocabulary } = await loadAll<{ vocabulary: Vocabulary }>(changed);
        for (let step = 0; step < 5; step += 1) vocabulary?.rows([`x${step}`, `x${step}`, "y", "y"]);
      } catch (error) {
        expect(error).toHaveProperty("code", expect.stringMatching(/^ERR_/));
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
