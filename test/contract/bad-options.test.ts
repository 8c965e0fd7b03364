/** Options that a table cannot be made from: refused with what is wrong, where, and what was found. */
import { describe, expect, test } from "vitest";
import { construct, EmbeddingTable } from "./subject.js";
import { expectRefusal, expectRefusedUnchanged, wrongKind } from "./support/refusals.js";

/** Options of a small table, with `more` on top. */
function small(more: object): object {
  return { rows: 4, dim: 2, ...more };
}

const notNumbers: [name: string, value: unknown][] = [
  ["string", "3"],
  ["null", null],
  ["bigint", 3n],
  ["array", [3]],
  ["boolean", true],
];
describe("numbers out of their range", () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const notPositive = [0, -1, nan, infinity, -infinity];
  const negative = [-1, -0.001, nan, infinity];
  const cases: [option: string, values: number[], make: (value: number) => object][] = [
    ["rows", [0, -1, 1.5, nan, infinity, 2 ** 32, 2 ** 53], (rows) => ({ rows, dim: 2 })],
    ["dim", [0, -1, 1.5, nan, infinity, 65_537, 2 ** 32], (dim) => ({ rows: 4, dim })],
    ["seed", [-1, 1.5, nan, infinity, 2 ** 53], (seed) => small({ seed })],
    ["threads", [0, -1, 1.5, nan, 257, infinity], (threads) => small({ threads })],
    ["paddingId", [-1, 4, 0.5, nan, infinity, 2 ** 32], (paddingId) => small({ paddingId })],
    ["halfLife", notPositive, (halfLife) => small({ tally: { halfLife } })],
    ["scale", negative, (scale) => small({ init: { type: "normal", scale } })],
    ["scale", negative, (scale) => small({ init: { type: "uniform", scale } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "tallygrad", lr } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "sgd", lr } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "fa-sgd", lr, expectedCounts: [1, 1, 1, 1] } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "cf-sgd", lr } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "adagrad", lr } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "rowwise-adagrad", lr } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "adam", lr } })],
    ["maxLr", notPositive, (maxLr) => small({ optimizer: { type: "cf-sgd", lr: 1, maxLr } })],
    [
      "maxLr",
      notPositive,
      (maxLr) => small({ optimizer: { type: "fa-sgd", lr: 1, maxLr, expectedCounts: [1, 1, 1, 1] } }),
    ],
    ["start", negative, (start) => small({ optimizer: { type: "tallygrad", start } })],
    ["floor", negative, (floor) => small({ optimizer: { type: "tallygrad", floor } })],
    ["start", negative, (start) => small({ optimizer: { type: "cf-sgd", lr: 1, start } })],
    ["horizon", notPositive, (horizon) => small({ optimizer: { type: "cf-sgd", lr: 1, horizon } })],
    ["accumulator", negative, (accumulator) => small({ optimizer: { type: "adagrad", accumulator } })],
    ["accumulator", negative, (accumulator) => small({ optimizer: { type: "rowwise-adagrad", accumulator } })],
    ["eps", negative, (eps) => small({ optimizer: { type: "adagrad", accumulator: 1, eps } })],
    ["eps", negative, (eps) => small({ optimizer: { type: "rowwise-adagrad", eps } })],
    ["eps", notPositive, (eps) => small({ optimizer: { type: "adam", eps } })],
    ["beta1", [-0.1, 1, 1.5, nan, infinity], (beta1) => small({ optimizer: { type: "adam", beta1 } })],
    ["beta2", [-0.1, 1, 1.5, nan, infinity], (beta2) => small({ optimizer: { type: "adam", beta2 } })],
    ["beta2", [-0.1, 1], (beta2) => small({ optimizer: { type: "rowwise-adam", beta2 } })],
    ["eps", notPositive, (eps) => small({ optimizer: { type: "rowwise-adam", eps } })],
    ["momentum", [-0.1, 1, nan, infinity], (momentum) => small({ optimizer: { type: "sgd", lr: 1, momentum } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "rmsprop", lr } })],
    ["alpha", [-0.1, 1, nan, infinity], (alpha) => small({ optimizer: { type: "rmsprop", alpha } })],
    ["eps", notPositive, (eps) => small({ optimizer: { type: "rmsprop", eps } })],
    ["lr", notPositive, (lr) => small({ optimizer: { type: "ftrl", lr } })],
    ["beta", negative, (beta) => small({ optimizer: { type: "ftrl", beta, lambda2: 1 } })],
    ["lambda1", negative, (lambda1) => small({ optimizer: { type: "ftrl", lambda1 }, init: { type: "zeros" } })],
    ["lambda2", negative, (lambda2) => small({ optimizer: { type: "ftrl", lambda2 } })],
  ];

  for (const [option, values, make] of cases) {
    test.each(values)(`${option} in ${JSON.stringify(make(1))}, but %f`, (value) => {
      expectRefusal(() => construct(make(value)), { code: "ERR_OPTION_VALUE", mentions: [option, value] });
    });
    test.each(notNumbers)(`${option} in ${JSON.stringify(make(1))}, but a %s`, (_name, value) => {
      expectRefusal(() => construct(make(value as number)), { code: wrongKind, mentions: [option] });
    });
  }
});

describe("options that are not there", () => {
  test.each<[option: string, options: object]>([
    ["rows", { dim: 2 }],
    ["rows", { rows: undefined, dim: 2 }],
    ["dim", { rows: 4 }],
    ["lr", small({ optimizer: { type: "sgd" } })],
    ["lr", small({ optimizer: { type: "sgd", lr: undefined } })],
    ["lr", small({ optimizer: { type: "cf-sgd" } })],
    ["lr", small({ optimizer: { type: "fa-sgd", expectedCounts: [1, 1, 1, 1] } })],
    ["expectedCounts", small({ optimizer: { type: "fa-sgd", lr: 1 } })],
    ["type", small({ optimizer: { lr: 1 } })],
    ["type", small({ init: { scale: 1 } })],
  ])("are missed: %s in %j", (option, options) => {
    expectRefusal(() => construct(options), { code: "ERR_MISSING_OPTION", mentions: [option] });
  });

  test.each<[name: string, options: unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["number", 4],
    ["string", "rows"],
  ])("are missed where all of them should be: %s", (_name, options) => {
    expectRefusal(() => construct(options), { code: ["ERR_MISSING_OPTION", ...wrongKind] });
  });

  test.each(["optimizer", "tally", "init"])("cannot be replaced by something that is not an object: %s", (option) => {
    for (const value of [null, 3, "normal", true]) {
      expectRefusal(() => construct(small({ [option]: value })), { code: wrongKind, mentions: [option] });
    }
  });

  test("may be undefined where there is a default", () => {
    const names = ["optimizer", "tally", "init", "seed", "reduction", "nonFinite", "paddingId", "threads", "backend"];
    const absent = construct(small(Object.fromEntries(names.map((name) => [name, undefined]))));
    expect(absent.fingerprint()).toBe(construct(small({})).fingerprint());
    const withinRule = construct(
      small({ optimizer: { type: "tallygrad", lr: undefined }, tally: { unit: undefined } }),
    );
    expect(withinRule.fingerprint()).toBe(absent.fingerprint());
  });
});

describe("names that no option has", () => {
  test.each<[found: string, nearest: string, options: object]>([
    ["row", "rows", small({ row: 4 })],
    ["dims", "dim", small({ dims: 4 })],
    ["optimiser", "optimizer", small({ optimiser: { type: "adam" } })],
    ["padding", "paddingId", small({ padding: 1 })],
    ["nonfinite", "nonFinite", small({ nonfinite: "skip" })],
    ["thread", "threads", small({ thread: 1 })],
    ["maxLR", "maxLr", small({ optimizer: { type: "cf-sgd", lr: 1, maxLR: 1 } })],
    ["normalise", "normalize", small({ optimizer: { type: "cf-sgd", lr: 1, normalise: true } })],
    ["expectedcounts", "expectedCounts", small({ optimizer: { type: "fa-sgd", lr: 1, expectedcounts: [1, 1, 1, 1] } })],
    ["epsilon", "eps", small({ optimizer: { type: "adam", epsilon: 1e-8 } })],
    ["nestrov", "nesterov", small({ optimizer: { type: "sgd", lr: 1, momentum: 0.9, nestrov: true } })],
    ["lambda", "lambda1", small({ optimizer: { type: "ftrl", lambda: 1 } })],
    ["weightdecay", "weightDecay", small({ weightdecay: { rate: 1 } })],
    ["max_norm", "maxNorm", small({ max_norm: 1 })],
    ["stateDType", "stateDtype", small({ stateDType: "bf16" })],
    ["beta", "beta1", small({ optimizer: { type: "adam", beta: 0.9 } })],
    ["halflife", "halfLife", small({ tally: { halflife: 3 } })],
    ["units", "unit", small({ tally: { units: "batch" } })],
    ["sclae", "scale", small({ init: { type: "normal", sclae: 1 } })],
  ])("are refused, and %s meets %s", (found, nearest, options) => {
    expectRefusal(() => construct(options), { code: "ERR_UNKNOWN_OPTION", mentions: [found, nearest] });
  });

  test.each<[name: string, options: object]>([
    ["maxLr", small({ optimizer: { type: "sgd", lr: 1, maxLr: 1 } })],
    ["momentum", small({ optimizer: { type: "cf-sgd", lr: 1, momentum: 0.9 } })],
    ["scope", small({ optimizer: { type: "tallygrad", scope: "all" } })],
    ["alpha", small({ optimizer: { type: "adam", alpha: 0.9 } })],
    ["biasCorrection", small({ optimizer: { type: "rmsprop", biasCorrection: "step" } })],
    ["beta1", small({ optimizer: { type: "ftrl", beta1: 0.9 } })],
    ["weightDecay", small({ optimizer: { type: "adamw", weightDecay: 0.01 } })],
    ["horizon", small({ optimizer: { type: "fa-sgd", lr: 1, horizon: 9, expectedCounts: [1, 1, 1, 1] } })],
    ["scale", small({ init: { type: "zeros", scale: 1 } })],
    ["lr", small({ lr: 0.1 })],
    ["toString", small({ toString: 1 })],
    ["__proto__", JSON.parse('{ "rows": 4, "dim": 2, "__proto__": 1 }')],
  ])("are refused although another place has them: %s", (name, options) => {
    expectRefusal(() => construct(options), { code: "ERR_UNKNOWN_OPTION", mentions: [name] });
  });

  test("are refused although their value is undefined", () => {
    expectRefusal(() => construct(small({ optimiser: undefined })), {
      code: "ERR_UNKNOWN_OPTION",
      mentions: ["optimiser", "optimizer"],
    });
  });
});

describe("words that no option takes", () => {
  test.each<[option: string, value: string, nearest: string | undefined, options: object]>([
    ["type", "cfsgd", "cf-sgd", small({ optimizer: { type: "cfsgd", lr: 1 } })],
    ["type", "Adam", "adam", small({ optimizer: { type: "Adam" } })],
    ["type", "adagrd", "adagrad", small({ optimizer: { type: "adagrd" } })],
    ["type", "row-wise-adagrad", "rowwise-adagrad", small({ optimizer: { type: "row-wise-adagrad" } })],
    ["type", "toString", undefined, small({ optimizer: { type: "toString" } })],
    ["type", "gaussian", undefined, small({ init: { type: "gaussian" } })],
    ["unit", "row", undefined, small({ tally: { unit: "row" } })],
    ["reduction", "avg", undefined, small({ reduction: "avg" })],
    ["nonFinite", "ignore", undefined, small({ nonFinite: "ignore" })],
    ["backend", "gpu", undefined, small({ backend: "gpu" })],
    ["scope", "batch", undefined, small({ optimizer: { type: "adam", scope: "batch" } })],
    ["biasCorrection", "row", undefined, small({ optimizer: { type: "adam", biasCorrection: "row" } })],
    ["type", "adam-w", "adamw", small({ optimizer: { type: "adam-w" } })],
    ["type", "rmsProp", "rmsprop", small({ optimizer: { type: "rmsProp" } })],
  ])("are refused: %s %s", (option, value, nearest, options) => {
    const mentions = nearest === undefined ? [option, value] : [option, value, nearest];
    expectRefusal(() => construct(options), { code: "ERR_OPTION_VALUE", mentions });
  });

  test.each<[option: string, value: unknown, options: object]>([
    ["type", 3, small({ optimizer: { type: 3 } })],
    ["normalize", "yes", small({ optimizer: { type: "cf-sgd", lr: 1, normalize: "yes" } })],
    ["normalize", 1, small({ optimizer: { type: "cf-sgd", lr: 1, normalize: 1 } })],
    ["nesterov", 1, small({ optimizer: { type: "sgd", lr: 1, momentum: 0.9, nesterov: 1 } })],
    ["scope", true, small({ optimizer: { type: "adam", scope: true } })],
    ["reduction", null, small({ reduction: null })],
    ["nonFinite", false, small({ nonFinite: false })],
  ])("are refused: %s %j", (option, _value, options) => {
    expectRefusal(() => construct(options), { code: wrongKind, mentions: [option] });
  });
});

describe("options that exclude each other", () => {
  test.each<[first: string, second: string, options: object]>([
    ["tallygrad", "reduction", small({ reduction: "mean" })],
    ["tallygrad", "reduction", small({ optimizer: { type: "tallygrad" }, reduction: "mean" })],
    ["tallygrad", "unit", small({ tally: { unit: "batch" } })],
    ["tallygrad", "unit", small({ optimizer: { type: "tallygrad" }, tally: { unit: "batch" } })],
    ["normalize", "reduction", small({ optimizer: { type: "cf-sgd", lr: 1, normalize: true }, reduction: "mean" })],
    ["normalize", "unit", small({ optimizer: { type: "cf-sgd", lr: 1, normalize: true }, tally: { unit: "batch" } })],
  ])("are refused: %s and %s in %j", (first, second, options) => {
    expectRefusal(() => construct(options), { code: "ERR_OPTION_CONFLICT" });
    expect(() => construct(options)).toThrow(first);
    expect(() => construct(options)).toThrow(second);
  });

  test("include Adagrad's eps 0 with accumulator 0", () => {
    for (const optimizer of [
      { type: "adagrad", eps: 0 },
      { type: "adagrad", accumulator: 0, eps: 0 },
    ]) {
      expectRefusal(() => construct(small({ optimizer })), {
        code: ["ERR_OPTION_CONFLICT", "ERR_OPTION_VALUE"],
        mentions: ["eps", "accumulator"],
      });
    }
  });

  test("do not include their harmless values", () => {
    construct(small({ reduction: "sum", tally: { unit: "occurrence" } }));
    construct(
      small({ optimizer: { type: "cf-sgd", lr: 1, normalize: false }, reduction: "mean", tally: { unit: "batch" } }),
    );
    construct(small({ optimizer: { type: "rowwise-adagrad", eps: 0, accumulator: 0 } }));
  });
});

describe("memory that cannot be had", () => {
  test.each<[name: string, options: object]>([
    ["weights", { rows: 4e9, dim: 65_536, init: { type: "zeros" } }],
    ["weights, drawn", { rows: 4_294_967_295, dim: 65_536 }],
    ["state", { rows: 4e9, dim: 65_536, optimizer: { type: "adam" }, init: { type: "zeros" } }],
  ])("for %s is refused, and the message says how much it would be", (_name, options) => {
    expectRefusal(() => construct(options), { code: "ERR_OUT_OF_MEMORY" });
    expect(() => construct(options)).toThrow(/\d[\d.,_ ]* ?([KMGTPE]i?B|bytes)/);
  });

  test("leaves other tables and later ones as they should be", () => {
    const before = new EmbeddingTable({ rows: 4, dim: 2 });
    const fingerprint = before.fingerprint();
    expect(() => construct({ rows: 4e9, dim: 65_536 })).toThrow();
    expect(before.fingerprint()).toBe(fingerprint);
    expect(new EmbeddingTable({ rows: 4, dim: 2 }).fingerprint()).toBe(fingerprint);
  });
});

describe("lr set later", () => {
  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, -1e-300])("is refused as %f", (lr) => {
    const table = new EmbeddingTable({ rows: 4, dim: 2 });
    expectRefusedUnchanged(
      table,
      () => {
        table.lr = lr;
      },
      { code: "ERR_OPTION_VALUE", mentions: ["lr", lr] },
    );
    expect(table.lr).toBe(0.05);
  });

  test.each(notNumbers)("is refused as a %s", (_name, lr) => {
    const table = new EmbeddingTable({ rows: 4, dim: 2 });
    expectRefusal(
      () => {
        table.lr = lr as number;
      },
      { code: wrongKind, mentions: ["lr"] },
    );
    expect(table.lr).toBe(0.05);
  });
});
