/** Random options of tables, for property tests: every rule and option, and no two that exclude each other. */
import fc from "fast-check";
import type { Clip, Init, Optimizer, Schedule, TableOptions, WeightDecay } from "../../../index.js";

export const small = fc.double({ min: 0, max: 8, noNaN: true });
const positive = fc.double({ min: 2 ** -10, max: 8, noNaN: true });
const belowOne = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const scope = fc.constantFrom("touched" as const, "all" as const);

const some = { requiredKeys: ["type"] } satisfies { requiredKeys: ["type"] };
const withLr = { requiredKeys: ["type", "lr"] } satisfies { requiredKeys: ["type", "lr"] };

/** Every rule that there is. */
export function optimizers(rows: number): fc.Arbitrary<Optimizer> {
  const adamOptions = { lr: positive, beta1: belowOne, beta2: belowOne, eps: positive };
  const bias = { scope: fc.constant("touched" as const), biasCorrection: fc.constantFrom("step", "tally") };
  return fc.oneof(
    fc.record({ type: fc.constant("tallygrad" as const), lr: positive, start: small, floor: small }, some),
    fc.record({ type: fc.constant("sgd" as const), lr: positive, scope }, withLr),
    fc.record(
      {
        type: fc.constant("sgd" as const),
        lr: positive,
        momentum: positive.map((x) => x / 9),
        nesterov: fc.boolean(),
        scope,
      },
      { requiredKeys: ["type", "lr", "momentum"] },
    ),
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
    fc.record({ type: fc.constant("adagrad" as const), lr: positive, accumulator: small, eps: positive, scope }, some),
    fc.record(
      { type: fc.constant("rowwise-adagrad" as const), lr: positive, accumulator: small, eps: small, scope },
      some,
    ),
    fc.record({ type: fc.constantFrom("adam" as const, "adamw" as const), ...adamOptions, scope }, some),
    fc.record(
      { type: fc.constantFrom("adam" as const, "adamw" as const), ...adamOptions, ...bias },
      some,
    ) as fc.Arbitrary<Optimizer>,
    fc.record({ type: fc.constant("rowwise-adam" as const), ...adamOptions, scope }, some),
    fc.record({ type: fc.constant("rowwise-adam" as const), ...adamOptions, ...bias }, some) as fc.Arbitrary<Optimizer>,
    fc.record({ type: fc.constant("rmsprop" as const), lr: positive, alpha: belowOne, eps: positive, scope }, some),
    fc.record(
      { type: fc.constant("ftrl" as const), lr: positive, beta: positive, lambda1: small, lambda2: small },
      some,
    ),
  );
}

const inits: fc.Arbitrary<Init> = fc.oneof(
  fc.constant({ type: "zeros" as const }),
  fc.record({ type: fc.constantFrom("uniform" as const, "normal" as const), scale: small }, some),
);

const warmup = fc.integer({ min: 0, max: 4 });
const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  fc.record({ type: fc.constantFrom("constant" as const, "inverse-sqrt" as const), warmup }, some),
  fc.record(
    {
      type: fc.constantFrom("linear" as const, "cosine" as const),
      steps: fc.integer({ min: 5, max: 9 }),
      end: belowOne,
      warmup,
    },
    { requiredKeys: ["type", "steps"] },
  ),
  fc
    .array(small, { minLength: 1, maxLength: 4 })
    .map((factors) => (step: number) => factors[step % factors.length] ?? 0),
);

const clips: fc.Arbitrary<Clip> = fc.oneof(
  fc.record({ type: fc.constantFrom("value" as const, "row-norm" as const, "global-norm" as const), limit: positive }),
  fc.record({ type: fc.constant("cow" as const), ratio: positive, floor: positive }, some),
);

const weightDecays: fc.Arbitrary<WeightDecay> = fc.record(
  {
    rate: fc.double({ min: 0, max: 0.5, noNaN: true }),
    type: fc.constantFrom("decoupled" as const, "l2" as const),
    by: fc.constantFrom("step" as const, "tally" as const),
    scope,
  },
  { requiredKeys: ["rate"] },
);

export function tables(rows: number, dim: number): fc.Arbitrary<TableOptions> {
  return fc
    .record(
      {
        rows: fc.constant(rows),
        dim: fc.constant(dim),
        optimizer: optimizers(rows),
        schedule: schedules,
        weightDecay: weightDecays,
        clip: clips,
        maxNorm: positive,
        dtype: fc.constantFrom("f32" as const, "f16" as const, "bf16" as const),
        stateDtype: fc.constantFrom("f32" as const, "bf16" as const),
        rounding: fc.constantFrom("nearest" as const, "stochastic" as const),
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

/** The options with those changed that others exclude. */
function withoutConflict(options: TableOptions): TableOptions {
  const { optimizer = { type: "tallygrad" } } = options;
  const fitting = { ...options, ...decayFor(options, optimizer) };
  if (optimizer.type === "tallygrad" || (optimizer.type === "cf-sgd" && optimizer.normalize === true)) {
    return { ...fitting, reduction: "sum", tally: { ...options.tally, unit: "occurrence" } };
  }
  if (optimizer.type === "ftrl") {
    delete fitting.schedule;
    return optimizer.lambda1 ? { ...fitting, init: { type: "zeros" } } : fitting;
  }
  return fitting;
}

/** The weight decay with a scope that the optimizer lets it have. */
function decayFor({ weightDecay, tally }: TableOptions, optimizer: Optimizer): { weightDecay?: WeightDecay } {
  if (weightDecay === undefined) {
    return {};
  }
  const own = "scope" in optimizer ? (optimizer.scope ?? "touched") : "touched";
  const decay: WeightDecay = weightDecay.type === "l2" ? { ...weightDecay, scope: own } : weightDecay;
  if (optimizer.type === "adamw") {
    decay.type = "decoupled";
  }
  const byTally = tally?.halfLife !== undefined && (decay.scope ?? own) === "touched";
  return { weightDecay: byTally ? decay : { ...decay, by: "step" } };
}
