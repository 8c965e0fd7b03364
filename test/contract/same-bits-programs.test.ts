/** Random programs of calls on random tables: the oracle's bits after every call. fast-check prints seed and program. */
import fc from "fast-check";
import { test } from "vitest";
import type { Init, Optimizer, TableOptions } from "../../index.js";
import { Pair } from "./support/pair.js";
import { seed } from "./support/random.js";

type Call =
  | { readonly call: "update"; readonly ids: number[]; readonly numbers: number[]; readonly scale?: number }
  | { readonly call: "setRows"; readonly ids: number[]; readonly numbers: number[] }
  | { readonly call: "resetRows"; readonly ids: number[] }
  | { readonly call: "lr"; readonly lr: number }
  | { readonly call: "clone" };

const small = fc.double({ min: 0, max: 8, noNaN: true });
const positive = fc.double({ min: 2 ** -10, max: 8, noNaN: true });
const element = fc.oneof(
  { weight: 200, arbitrary: fc.float({ min: -64, max: 64, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 3e38, -3e38, 1e25, 1e-44) },
);
const beta = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function optimizers(rows: number): fc.Arbitrary<Optimizer> {
  const some = { requiredKeys: ["type"] } satisfies { requiredKeys: ["type"] };
  const withLr = { requiredKeys: ["type", "lr"] } satisfies { requiredKeys: ["type", "lr"] };
  return fc.oneof(
    fc.record({ type: fc.constant("tallygrad" as const), lr: positive, start: small, floor: small }, some),
    fc.record({ type: fc.constant("sgd" as const), lr: positive }),
    fc.record(
      {
        type: fc.constant("fa-sgd" as const),
        lr: positive,
        maxLr: positive,
        expectedCounts: fc.array(positive, { minLength: rows, maxLength: rows }),
      },
      { requiredKeys: ["type", "lr", "expectedCounts"] },
    ),
    fc.record(
      { type: fc.constant("cf-sgd" as const), lr: positive, maxLr: positive, start: small, horizon: positive },
      withLr,
    ),
    fc.record({ type: fc.constant("cf-sgd" as const), lr: positive, normalize: fc.boolean(), maxLr: positive }, withLr),
    fc.record({ type: fc.constant("adagrad" as const), lr: positive, accumulator: small, eps: positive }, some),
    fc.record({ type: fc.constant("rowwise-adagrad" as const), lr: positive, accumulator: small, eps: small }, some),
    fc.record({ type: fc.constant("adam" as const), lr: positive, beta1: beta, beta2: beta, eps: positive }, some),
  );
}

const inits: fc.Arbitrary<Init> = fc.oneof(
  fc.constant({ type: "zeros" as const }),
  fc.record({ type: fc.constantFrom("uniform" as const, "normal" as const), scale: small }, { requiredKeys: ["type"] }),
);

function tables(rows: number, dim: number): fc.Arbitrary<TableOptions> {
  return fc
    .record(
      {
        rows: fc.constant(rows),
        dim: fc.constant(dim),
        optimizer: optimizers(rows),
        init: inits,
        seed: fc.maxSafeNat(),
        tally: fc.record(
          { unit: fc.constantFrom("occurrence" as const, "batch" as const), halfLife: positive },
          { requiredKeys: [] },
        ),
        reduction: fc.constantFrom("sum" as const, "mean" as const),
        nonFinite: fc.constantFrom("reject" as const, "skip" as const, "allow" as const),
        paddingId: fc.nat(rows - 1),
        threads: fc.integer({ min: 1, max: 4 }),
      },
      { requiredKeys: ["rows", "dim"] },
    )
    .map(withoutConflict);
}

/** Rules that estimate R2 take neither a mean nor the unit batch. */
function withoutConflict(options: TableOptions): TableOptions {
  const { optimizer = { type: "tallygrad" } } = options;
  const usesMeanSquare =
    optimizer.type === "tallygrad" || (optimizer.type === "cf-sgd" && optimizer.normalize === true);
  return usesMeanSquare ? { ...options, reduction: "sum", tally: { ...options.tally, unit: "occurrence" } } : options;
}

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
    { weight: 1, arbitrary: fc.record({ call: fc.constant("clone" as const) }) },
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
        values.map((value) => (Number.isFinite(value) ? value : 0)),
      );
      return pair;
    }
    case "resetRows":
      pair.resetRows(call.ids);
      return pair;
    case "lr":
      pair.setLr(call.lr);
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
