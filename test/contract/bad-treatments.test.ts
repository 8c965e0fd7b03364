/** Options of what surrounds a rule that a table cannot be made from, and those that cannot go with others. */
import { describe, expect, test } from "vitest";
import { construct } from "./subject.js";
import { expectRefusal, wrongKind } from "./support/refusals.js";

/** Options of a small table, with `more` on top. */
function small(more: object): object {
  return { rows: 4, dim: 2, ...more };
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const notPositive = [0, -1, nan, infinity];
const negative = [-1, -0.001, nan, infinity];
const all = { optimizer: { type: "sgd", lr: 1, scope: "all" } };

describe("numbers out of their range", () => {
  const cases: [option: string, values: number[], make: (value: number) => object][] = [
    ["rate", negative, (rate) => ({ weightDecay: { rate } })],
    ["limit", notPositive, (limit) => ({ clip: { type: "value", limit } })],
    ["limit", notPositive, (limit) => ({ clip: { type: "row-norm", limit } })],
    ["limit", notPositive, (limit) => ({ clip: { type: "global-norm", limit } })],
    ["ratio", [-1, nan, infinity], (ratio) => ({ clip: { type: "cow", ratio } })],
    ["floor", [-1, nan, infinity], (floor) => ({ clip: { type: "cow", floor } })],
    ["maxNorm", notPositive, (maxNorm) => ({ maxNorm })],
    ["warmup", negative, (warmup) => ({ schedule: { type: "constant", warmup } })],
    ["steps", notPositive, (steps) => ({ schedule: { type: "linear", steps } })],
    ["end", negative, (end) => ({ schedule: { type: "cosine", steps: 9, end } })],
  ];

  for (const [option, values, make] of cases) {
    test.each(values)(`${option} in ${JSON.stringify(make(1))}, but %f`, (value) => {
      expectRefusal(() => construct(small(make(value))), { code: "ERR_OPTION_VALUE", mentions: [option, value] });
    });
    test.each([["3"], [null], [true]])(`${option} in ${JSON.stringify(make(1))}, but %j`, (value) => {
      expectRefusal(() => construct(small(make(value as never))), { code: wrongKind, mentions: [option] });
    });
  }

  test.each([
    [5, 5],
    [4, 7],
  ])("steps %i of a schedule with a warm-up of %i", (steps, warmup) => {
    const options = small({ schedule: { type: "linear", steps, warmup } });
    expectRefusal(() => construct(options), { code: "ERR_OPTION_VALUE", mentions: ["steps", "warmup", steps] });
  });
});

describe("words that no option takes", () => {
  test.each<[option: string, value: string, nearest: string | undefined, options: object]>([
    ["type", "L2", "l2", { weightDecay: { rate: 1, type: "L2" } }],
    ["by", "row", undefined, { weightDecay: { rate: 1, by: "row" } }],
    ["scope", "touch", "touched", { weightDecay: { rate: 1, scope: "touch" } }],
    ["type", "rownorm", "row-norm", { clip: { type: "rownorm", limit: 1 } }],
    ["type", "cosin", "cosine", { schedule: { type: "cosin", steps: 3 } }],
    ["dtype", "f64", undefined, { dtype: "f64" }],
    ["stateDtype", "f16", undefined, { stateDtype: "f16" }],
    ["rounding", "up", undefined, { rounding: "up" }],
  ])("are refused: %s %s", (option, value, nearest, options) => {
    const mentions = nearest === undefined ? [option, value] : [option, value, nearest];
    expectRefusal(() => construct(small(options)), { code: "ERR_OPTION_VALUE", mentions });
  });

  test.each(["weightDecay", "clip", "schedule"])("cannot stand for an object: %s", (option) => {
    for (const value of [null, 3, "linear", true]) {
      expectRefusal(() => construct(small({ [option]: value })), { code: wrongKind, mentions: [option] });
    }
  });

  test.each(["weightDecay", "clip"])("nor can a function: %s", (option) => {
    expectRefusal(() => construct(small({ [option]: () => 1 })), { code: ["ERR_MISSING_OPTION", ...wrongKind] });
  });
});

describe("options that are not there", () => {
  test.each<[option: string, options: object]>([
    ["rate", { weightDecay: {} }],
    ["rate", { weightDecay: { type: "l2", rate: undefined } }],
    ["limit", { clip: { type: "value" } }],
    ["limit", { clip: { type: "row-norm" } }],
    ["limit", { clip: { type: "global-norm" } }],
    ["type", { clip: { limit: 1 } }],
    ["steps", { schedule: { type: "linear" } }],
    ["steps", { schedule: { type: "cosine" } }],
    ["type", { schedule: { steps: 3 } }],
    ["lr", { optimizer: { type: "sgd", momentum: 0.9 } }],
  ])("are missed: %s in %j", (option, options) => {
    expectRefusal(() => construct(small(options)), { code: "ERR_MISSING_OPTION", mentions: [option] });
  });

  test("may be undefined where there is a default", () => {
    const names = ["schedule", "weightDecay", "clip", "maxNorm", "dtype", "stateDtype", "rounding"];
    const absent = construct(small(Object.fromEntries(names.map((name) => [name, undefined]))));
    expect(absent.fingerprint()).toBe(construct(small({})).fingerprint());
    const within = small({
      weightDecay: { rate: 0, type: undefined, by: undefined, scope: undefined },
      clip: { type: "cow", ratio: undefined, floor: undefined },
      schedule: { type: "linear", steps: 3, end: undefined, warmup: undefined },
    });
    expect(construct(within).fingerprint()).toBe(absent.fingerprint());
  });
});

describe("names that no option has", () => {
  test.each<[found: string, nearest: string, options: object]>([
    ["rates", "rate", { weightDecay: { rates: 1 } }],
    ["scop", "scope", { weightDecay: { rate: 1, scop: "all" } }],
    ["limits", "limit", { clip: { type: "value", limits: 1 } }],
    ["flor", "floor", { clip: { type: "cow", flor: 1 } }],
    ["warmUp", "warmup", { schedule: { type: "constant", warmUp: 1 } }],
    ["step", "steps", { schedule: { type: "linear", step: 1 } }],
    ["roundings", "rounding", { roundings: "nearest" }],
  ])("are refused, and %s meets %s", (found, nearest, options) => {
    expectRefusal(() => construct(small(options)), { code: "ERR_UNKNOWN_OPTION", mentions: [found, nearest] });
  });

  // Either is right of what another type of the same option has.
  test.each<[found: string, options: object]>([
    ["limit", { clip: { type: "cow", limit: 1 } }],
    ["ratio", { clip: { type: "value", limit: 1, ratio: 1 } }],
    ["steps", { schedule: { type: "constant", steps: 3 } }],
    ["end", { schedule: { type: "inverse-sqrt", end: 0.5 } }],
  ])("are refused although another type has them: %s in %j", (found, options) => {
    expectRefusal(() => construct(small(options)), {
      code: ["ERR_UNKNOWN_OPTION", "ERR_OPTION_CONFLICT"],
      mentions: [found],
    });
  });
});

describe("options that exclude each other", () => {
  const halfLife = { tally: { halfLife: 3 } };

  test.each<[first: string, second: string, options: object]>([
    ["nesterov", "momentum", { optimizer: { type: "sgd", lr: 1, nesterov: true } }],
    ["nesterov", "momentum", { optimizer: { type: "sgd", lr: 1, momentum: 0, nesterov: true } }],
    ["weightDecay.by", "halfLife", { weightDecay: { rate: 1, by: "tally" } }],
    ["biasCorrection", "scope", { optimizer: { type: "adam", biasCorrection: "tally", scope: "all" } }],
    ["biasCorrection", "scope", { optimizer: { type: "rowwise-adam", biasCorrection: "tally", scope: "all" } }],
    ["scope", "l2", { weightDecay: { rate: 1, type: "l2", scope: "all" } }],
    ["scope", "l2", { ...all, weightDecay: { rate: 1, type: "l2", scope: "touched" } }],
    ["tally", "scope", { ...all, ...halfLife, weightDecay: { rate: 1, by: "tally" } }],
    ["tally", "scope", { ...halfLife, weightDecay: { rate: 1, by: "tally", scope: "all" } }],
    ["adamw", "l2", { optimizer: { type: "adamw" }, weightDecay: { rate: 1, type: "l2" } }],
    ["lambda1", "init", { optimizer: { type: "ftrl", lambda1: 1 } }],
    ["lambda1", "init", { optimizer: { type: "ftrl", lambda1: 1 }, init: { type: "uniform" } }],
    ["lambda1", "init", { optimizer: { type: "ftrl", lambda1: 1 }, init: new Float32Array(8) }],
    ["schedule", "optimizer", { optimizer: { type: "ftrl" }, schedule: { type: "constant" } }],
    ["schedule", "optimizer", { optimizer: { type: "ftrl" }, schedule: () => 1 }],
  ])("are refused: %s and %s in %j", (first, second, options) => {
    expectRefusal(() => construct(small(options)), { code: "ERR_OPTION_CONFLICT" });
    expect(() => construct(small(options))).toThrow(first);
    expect(() => construct(small(options))).toThrow(second);
  });

  test("include ftrl's beta 0 with lambda2 0", () => {
    expectRefusal(() => construct(small({ optimizer: { type: "ftrl", beta: 0 } })), {
      code: ["ERR_OPTION_CONFLICT", "ERR_OPTION_VALUE"],
      mentions: ["beta", "lambda2"],
    });
  });

  test("include ftrl's lr once the table is made", () => {
    const table = construct(small({ optimizer: { type: "ftrl" } }));
    for (const lr of [1, 0.05]) {
      expectRefusal(
        () => {
          table.lr = lr;
        },
        { code: "ERR_OPTION_CONFLICT", mentions: ["lr"] },
      );
    }
    expect(table.lr).toBe(0.05);
  });

  test("do not include their harmless values", () => {
    construct(small({ optimizer: { type: "sgd", lr: 1, nesterov: false } }));
    construct(small({ optimizer: { type: "adam", biasCorrection: "step", scope: "all" } }));
    construct(small({ ...all, weightDecay: { rate: 1, type: "l2", scope: "all" } }));
    construct(small({ ...all, weightDecay: { rate: 1, scope: "touched" } }));
    construct(small({ ...all, ...halfLife, weightDecay: { rate: 1, by: "tally", scope: "touched" } }));
    construct(small({ optimizer: { type: "ftrl", lambda1: 0 } }));
    construct(small({ optimizer: { type: "ftrl", beta: 0, lambda2: 1 } }));
    construct(small({ optimizer: { type: "ftrl" }, schedule: undefined }));
  });
});
