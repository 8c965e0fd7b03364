/**
 * What later came to rules and what surrounds them: state of their own, rows that miss steps, weight decay, clipping, bounds,
 * narrow storage and schedules, each at work in some case.
 */
import type { RuleCase } from "./rule-cases.js";

type Dress = ReturnType<RuleCase["options"]>;

function dressed(name: string, options: Dress): RuleCase {
  return { name, options: () => options };
}

const decayOfAll = { rate: 0.2, scope: "all" } as const;
const l2OfAll = { rate: 0.05, type: "l2", scope: "all" } as const;
const momentum = { type: "sgd", lr: 0.1, momentum: 0.9 } as const;
const sgd = { type: "sgd", lr: 0.1 } as const;

const withMemory: readonly RuleCase[] = [
  dressed("momentum", { optimizer: momentum }),
  dressed("Nesterov, mean", { optimizer: { ...momentum, momentum: 0.7, nesterov: true }, reduction: "mean" }),
  dressed("momentum, all", { optimizer: { ...momentum, scope: "all" } }),
  dressed("Nesterov, all, l2", { optimizer: { ...momentum, nesterov: true, scope: "all" }, weightDecay: l2OfAll }),
  dressed("momentum, all, decoupled", { optimizer: { ...momentum, scope: "all" }, weightDecay: { rate: 0.1 } }),
  dressed("momentum, all, decoupled touched", {
    optimizer: { ...momentum, scope: "all" },
    weightDecay: { rate: 0.1, scope: "touched" },
  }),
  dressed("sgd, all, l2", { optimizer: { ...sgd, scope: "all" }, weightDecay: l2OfAll }),
  dressed("adam, all", { optimizer: { type: "adam", lr: 0.01, scope: "all" } }),
  dressed("adam, all, l2", { optimizer: { type: "adam", lr: 0.01, eps: 1e-3, scope: "all" }, weightDecay: l2OfAll }),
  dressed("adam that does not settle", { optimizer: { type: "adam", beta1: 0.9, beta2: 0.5, scope: "all" } }),
  dressed("adam that settles soon", { optimizer: { type: "adam", beta1: 0.3, beta2: 0.2, lr: 0.01, scope: "all" } }),
  dressed("adam, corrected by tally, half-life 3", {
    // So near 1 that the last bits of exp and log show.
    optimizer: { type: "adam", lr: 0.01, beta1: 0.999_999, beta2: 0.999_999_8, biasCorrection: "tally" },
    tally: { halfLife: 3 },
  }),
  dressed("adamw", { optimizer: { type: "adamw" } }),
  dressed("adamw, all, rate 0.3", { optimizer: { type: "adamw", lr: 0.02, scope: "all" }, weightDecay: { rate: 0.3 } }),
  dressed("rowwise-adam", { optimizer: { type: "rowwise-adam", lr: 0.02, beta1: 0.5, beta2: 0.8, eps: 1e-4 } }),
  dressed("rowwise-adam, corrected by tally, betas 0.3 and 0", {
    optimizer: { type: "rowwise-adam", beta1: 0.3, beta2: 0, biasCorrection: "tally" },
  }),
  dressed("rowwise-adam, all, decoupled", {
    optimizer: { type: "rowwise-adam", beta1: 0.1, lr: 0.01, scope: "all" },
    weightDecay: decayOfAll,
  }),
  dressed("rmsprop", { optimizer: { type: "rmsprop" } }),
  dressed("rmsprop, all, decoupled", {
    optimizer: { type: "rmsprop", lr: 0.02, alpha: 0.6, eps: 1e-3, scope: "all" },
    weightDecay: decayOfAll,
  }),
  dressed("adagrad, all, l2", { optimizer: { type: "adagrad", accumulator: 0.1, scope: "all" }, weightDecay: l2OfAll }),
  dressed("rowwise-adagrad, all, l2", { optimizer: { type: "rowwise-adagrad", scope: "all" }, weightDecay: l2OfAll }),
  dressed("ftrl", { optimizer: { type: "ftrl" } }),
  dressed("ftrl, both lambdas", {
    optimizer: { type: "ftrl", lr: 0.2, beta: 0.3, lambda1: 0.4, lambda2: 0.7 },
    init: { type: "zeros" },
  }),
  dressed("ftrl, decay of all rows", { optimizer: { type: "ftrl", lr: 0.3 }, weightDecay: decayOfAll }),
];

const surrounded: readonly RuleCase[] = [
  dressed("tallygrad, decay of all rows", { weightDecay: decayOfAll }),
  dressed("tallygrad, l2, clipped by row", {
    weightDecay: { rate: 0.1, type: "l2" },
    clip: { type: "row-norm", limit: 0.3 },
  }),
  dressed("cf-sgd, decay by tally", {
    optimizer: { type: "cf-sgd", lr: 0.3 },
    weightDecay: { rate: 0.1, by: "tally" },
    tally: { halfLife: 4 },
  }),
  dressed("adagrad, l2 by tally, unit batch", {
    optimizer: { type: "adagrad" },
    weightDecay: { rate: 0.1, type: "l2", by: "tally" },
    tally: { halfLife: 0.8, unit: "batch" },
  }),
  dressed("sgd, decay stronger than its weights", { optimizer: { ...sgd, lr: 3 }, weightDecay: { rate: 0.5 } }),
  dressed("sgd, clipped by value, mean", { optimizer: sgd, clip: { type: "value", limit: 0.1 }, reduction: "mean" }),
  dressed("rowwise-adagrad, clipped together", {
    optimizer: { type: "rowwise-adagrad" },
    clip: { type: "global-norm", limit: 2 },
  }),
  dressed("adamw, CowClip", { optimizer: { type: "adamw", lr: 0.01 }, clip: { type: "cow" } }),
  dressed("sgd, CowClip, ratio 0.1, floor 0.01", { optimizer: sgd, clip: { type: "cow", ratio: 0.1, floor: 0.01 } }),
  dressed("sgd, largest norm 0.1", { optimizer: sgd, maxNorm: 0.1 }),
  dressed("ftrl, largest norm 0.1", { optimizer: { type: "ftrl" }, maxNorm: 0.1 }),
  dressed("sgd, f16", { optimizer: sgd, dtype: "f16" }),
  dressed("tallygrad, bf16 at random", { dtype: "bf16", rounding: "stochastic" }),
  dressed("adam, all, narrow at random", {
    optimizer: { type: "adam", lr: 0.01, scope: "all" },
    dtype: "bf16",
    stateDtype: "bf16",
    rounding: "stochastic",
  }),
  dressed("momentum, all, f16 at random, state to nearest float", {
    optimizer: { ...momentum, scope: "all" },
    dtype: "f16",
    rounding: "stochastic",
  }),
  dressed("ftrl, narrow state", { optimizer: { type: "ftrl" }, stateDtype: "bf16" }),
  dressed("adagrad, narrow state from 0.3", { optimizer: { type: "adagrad", accumulator: 0.3 }, stateDtype: "bf16" }),
  dressed("sgd, warm-up 3", { optimizer: sgd, schedule: { type: "constant", warmup: 3 } }),
  dressed("momentum, all, inverse-sqrt", {
    optimizer: { ...momentum, scope: "all" },
    schedule: { type: "inverse-sqrt", warmup: 2 },
  }),
  dressed("adamw, all, linear", {
    optimizer: { type: "adamw", scope: "all" },
    schedule: { type: "linear", steps: 4, end: 0.1 },
  }),
  dressed("cf-sgd, cosine with warm-up, decay of all rows", {
    optimizer: { type: "cf-sgd", lr: 0.3 },
    schedule: { type: "cosine", steps: 5, warmup: 1.5, end: 0.01 },
    weightDecay: decayOfAll,
  }),
  dressed("rmsprop, all, scheduled by a function", {
    optimizer: { type: "rmsprop", scope: "all" },
    schedule: (step) => (step % 3) / 2,
  }),
];

export const dressedCases: readonly RuleCase[] = [...withMemory, ...surrounded];
