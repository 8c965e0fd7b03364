/** Random programs of calls on random tables: the oracle's bits after every call. fast-check prints seed and program. */
import fc from "fast-check";
import { test } from "vitest";
import type { TableOptions } from "../../index.js";
import { Pair } from "./support/pair.js";
import { seed } from "./support/random.js";
import { small, tables } from "./support/random-tables.js";

type Call =
  | { readonly call: "update"; readonly ids: number[]; readonly numbers: number[]; readonly scale?: number }
  | { readonly call: "setRows"; readonly ids: number[]; readonly numbers: number[] }
  | { readonly call: "resetRows"; readonly ids: number[] }
  | { readonly call: "lr"; readonly lr: number }
  | { readonly call: "flush" }
  | { readonly call: "clone" };

/** Larger weights are not finite in every type of weights. */
const largestHalf = 65_504;
const element = fc.oneof(
  { weight: 200, arbitrary: fc.float({ min: -64, max: 64, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 3e38, -3e38, 1e25, 1e-44) },
);
function calls(rows: number, dim: number): fc.Arbitrary<Call> {
  const ids = fc.array(fc.nat(rows - 1), { maxLength: 12 });
  const numbers = fc.array(element, { minLength: 12 * dim, maxLength: 12 * dim });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record(
        { call: fc.constant("update" as const), ids, numbers, scale: fc.double({ min: -4, max: 4, noNaN: true }) },
        { requiredKeys: ["call", "ids", "numbers"] },
      ),
    },
    { weight: 1, arbitrary: fc.record({ call: fc.constant("setRows" as const), ids, numbers }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constant("resetRows" as const), ids }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constant("lr" as const), lr: small }) },
    { weight: 1, arbitrary: fc.record({ call: fc.constantFrom("flush" as const, "clone" as const) }) },
  );
}

const programs = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 19 }))
  .chain(([rows, dim]) => fc.tuple(tables(rows, dim), fc.array(calls(rows, dim), { maxLength: 10 })));

function run(pair: Pair, call: Call, { dim, paddingId }: TableOptions): Pair {
  switch (call.call) {
    case "update":
      pair.update(
        { ids: Uint32Array.from(call.ids), gradients: Float32Array.from(call.numbers.slice(0, call.ids.length * dim)) },
        call.scale === undefined ? undefined : { scale: call.scale },
      );
      return pair;
    case "setRows": {
      const ids = call.ids.filter((id) => id !== paddingId);
      const values = Float32Array.from(call.numbers.slice(0, ids.length * dim));
      pair.setRows(
        ids,
        values.map((value) => (Math.abs(value) <= largestHalf ? value : 0)),
      );
      return pair;
    }
    case "resetRows":
      pair.resetRows(call.ids);
      return pair;
    case "lr":
      pair.setLr(call.lr);
      return pair;
    case "flush":
      pair.flush();
      return pair;
    case "clone":
      return pair.clone();
  }
}

test("random programs give the oracle's bits after every call", () => {
  fc.assert(
    fc.property(programs, ([options, program]) => {
      let pair = Pair.of(options);
      pair.expectSameBits();
      for (const call of program) {
        pair = run(pair, call, options);
        pair.expectSameBits();
      }
    }),
    { numRuns: 400, ...(process.env.TEST_SEED === undefined ? {} : { seed }) },
  );
});
