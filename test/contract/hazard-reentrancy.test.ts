/** Arguments that run code while they are read: they may make a call fail, but not read or write what is not there. */
import { describe, expect, test } from "vitest";
import type { ErrorCode, UpdateOptions } from "../../index.js";
import { EmbeddingTable } from "./subject.js";
import { expectRefusal, expectRefusedUnchanged } from "./support/refusals.js";

const rows = 50;
const dim = 3;
const gone: readonly ErrorCode[] = ["ERR_DETACHED_BUFFER", "ERR_WRONG_LENGTH"];

function trained(): EmbeddingTable {
  const table = new EmbeddingTable({ rows, dim });
  table.update([1, 2, 1], new Float32Array(3 * dim).fill(0.5));
  return table;
}

/** Options whose `scale` does something when it is read. */
function optionsThat(act: () => void): UpdateOptions {
  return {
    get scale() {
      act();
      return 1;
    },
  };
}

/** Plain ids that do something when the first of them is read. */
function idsThat(act: () => void, ids: number[]): number[] {
  return new Proxy(ids, {
    get: (target, key) => {
      if (key === "0") {
        act();
      }
      return Reflect.get(target, key);
    },
  });
}

function transferAway(array: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
  structuredClone(array.buffer, { transfer: [array.buffer] });
}

describe("update", () => {
  test("refuses gradients that are transferred away while the options are read", () => {
    const table = trained();
    const gradients = new Float32Array(2 * dim).fill(1);
    const options = optionsThat(() => transferAway(gradients));
    expectRefusedUnchanged(table, () => table.update([1, 2], gradients, options), { code: gone });
  });

  test("refuses ids that are transferred away while the options are read", () => {
    const table = trained();
    const ids = Uint32Array.of(1, 2);
    const options = optionsThat(() => transferAway(ids));
    expectRefusedUnchanged(table, () => table.update(ids, new Float32Array(2 * dim), options), { code: gone });
  });

  test("refuses gradients that are transferred away while the ids are read", () => {
    const table = trained();
    const gradients = new Float32Array(2 * dim).fill(1);
    const ids = idsThat(() => transferAway(gradients), [1, 2]);
    expectRefusedUnchanged(table, () => table.update(ids, gradients), { code: gone });
  });

  test("does not use a table that is disposed while the arguments are read", () => {
    const [first, second] = [trained(), trained()];
    const gradients = new Float32Array(2 * dim);
    expectRefusal(
      () =>
        first.update(
          [1, 2],
          gradients,
          optionsThat(() => first.dispose()),
        ),
      { code: "ERR_DISPOSED" },
    );
    expectRefusal(
      () =>
        second.update(
          idsThat(() => second.dispose(), [1, 2]),
          gradients,
        ),
      { code: "ERR_DISPOSED" },
    );
  });

  test("takes another step of the same table in between", () => {
    const table = trained();
    const gradients = new Float32Array(2 * dim).fill(1);
    table.update(
      [1, 2],
      gradients,
      optionsThat(() => table.update([1, 2], gradients)),
    );
    const twice = trained();
    twice.update([1, 2], gradients);
    twice.update([1, 2], gradients);
    expect(table.fingerprint()).toBe(twice.fingerprint());
  });
});

describe("lookup", () => {
  test("refuses an out that is transferred away while the ids are read", () => {
    const table = trained();
    const out = new Float32Array(2 * dim);
    const ids = idsThat(() => transferAway(out), [1, 2]);
    expectRefusedUnchanged(table, () => table.lookup(ids, out), { code: gone });
  });

  test("stays inside arrays that change their length while they are read", () => {
    const table = trained();
    const growing = [1, 2];
    const shrinking = [1, 2, 3, 4];
    for (const [ids, length] of [[growing, 400] as const, [shrinking, 1] as const]) {
      const changing = idsThat(() => {
        ids.length = length;
      }, ids);
      const before = table.fingerprint();
      try {
        const vectors = table.lookup(changing);
        expect(vectors.length % dim).toBe(0);
      } catch (error) {
        expect(error).toHaveProperty("code");
      }
      expect(table.fingerprint()).toBe(before);
    }
  });
});
