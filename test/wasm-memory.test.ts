/** WebAssembly memory: it does not grow with the number of tables and models that were, and it has a ceiling. */
import { describe, expect, test } from "vitest";
import { runChild } from "./process/support/child.js";

describe("1,000 of it leave memory as large as 100 do, disposed of or left to the garbage collector:", () => {
  test.each([
    "table",
    "cloned table",
    "loaded table",
    "tables",
    "vocabulary",
    "cloned vocabulary",
    "factorization machine",
    "DeepFM",
    "skip-gram",
  ])(
    "%s",
    async (kind) => {
      const options = { nodeOptions: ["--expose-gc"], programArguments: [kind], timeout: 60_000 };
      const result = await runChild("wasm-growth", options);
      expect(result).toMatchObject({ code: 0, stderr: "", printed: { disposed: 0 } });
      // The collector decides when; ten rounds more or fewer are alive at a time.
      expect(result.printed.abandoned).toBeLessThan(32 << 20);
    },
    70_000,
  );
});

describe("at the ceiling", () => {
  const refusedFor = (bytes: number, all: string): object => ({
    code: "ERR_OUT_OF_MEMORY",
    message: expect.stringMatching(
      new RegExp(`: ${bytes} bytes .*WebAssembly memory is ${all} bytes now, 4294967296 at most`),
    ),
  });

  test("tables and batches are refused with what they asked for and what there is, the rest goes on, and room given back is used", async () => {
    const { code, stderr, printed } = await runChild("wasm-ceiling");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { bytes, made, ...rest } = printed as { bytes: number; made: number };
    expect(bytes).toBeGreaterThan(2 ** 32 - (20 << 20));
    // 200 MiB were left for tables of 17 MiB.
    expect(made).toBeGreaterThan(8);
    const rows = 2 ** 18;
    expect(rest).toEqual({
      tooLarge: refusedFor(rows * 2049 * 4, "\\d{7}"),
      refused: refusedFor(rows * 16 * 4, `${bytes}`),
      again: refusedFor(rows * 16 * 4, `${bytes}`),
      batch: refusedFor(3e7 * 8, `${bytes}`),
      kept: true,
      stepped: 0,
      step: 1,
      fits: true,
    });
  }, 40_000);

  describe("every call of a table, a vocabulary or a model goes through, or is refused and leaves everything as it was,", () => {
    async function callsBehind(...programArguments: string[]): Promise<{ done: string[]; refused: string[] }> {
      const { code, stderr, printed } = await runChild("wasm-full", { programArguments, timeout: 60_000 });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { outcomes, ...rest } = printed as { outcomes: { done: string[]; ERR_OUT_OF_MEMORY: string[] } };
      expect(rest).toEqual({ forgotten: [], refusals: ["ERR_OUT_OF_MEMORY"], changed: [] });
      const { done, ERR_OUT_OF_MEMORY: refused, ...others } = outcomes;
      expect(others).toEqual({});
      return { done, refused };
    }
    const large = ["lookup 1", "update 1", "pool 1", "updatePool 1", "setRows 1", "resetRows 1", "rates 1", "grow 1"];

    test("and small calls go through where no table of 64 KiB fits", async () => {
      const { done, refused } = await callsBehind("4096");
      expect(refused).toEqual(expect.arrayContaining(large.map((call) => `table: ${call}`)));
      const small = /^(table|tables|machine|DeepFM): .* 0$|: (lookup|update|rows|fingerprint) 0$/;
      expect(refused.filter((call) => small.test(call))).toEqual([]);
      expect(done.filter((call) => small.test(call)).length).toBeGreaterThan(100);
    }, 70_000);

    test("also where no table of one row fits", async () => {
      const { done, refused } = await callsBehind("1");
      expect(refused).toEqual(expect.arrayContaining(large.map((call) => `table: ${call}`)));
      expect(done).toEqual(
        expect.arrayContaining(["lookup", "fingerprint", "flush"].map((call) => `table: ${call} 0`)),
      );
    }, 70_000);

    test("also where memory is given back bit by bit, so that what is refused lies ever later in the call", async () => {
      const { done, refused } = await callsBehind("4096", "letting-go");
      for (const admission of ["undefined", "count"]) {
        for (const eviction of ["least-recent", "score", "time-to-live"]) {
          const name = `vocabulary, ${admission}, ${eviction}`;
          expect(done.filter((call) => call.startsWith(`${name}: rows`)).length).toBeGreaterThan(3);
          expect(refused.filter((call) => call.startsWith(`${name}: rows`)).length).toBeGreaterThan(1);
        }
      }
    }, 70_000);
  });
});
