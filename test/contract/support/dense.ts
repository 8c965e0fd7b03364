/**
 * Optimizers as textbooks have them: every row at every step, with a gradient of 0 where it is not in the batch, in float64. Each step also
 * gives its reach: what it would be if all terms had one sign, which is what rounding errors are measured by.
 */
import type {
  Adagrad,
  AdamOptions,
  Ftrl,
  Optimizer,
  Rmsprop,
  RowwiseAdagrad,
  Sgd,
  Tallygrad,
  WeightDecay,
} from "../../../index.js";
import { at } from "../../oracle/at.js";

/** One row: weights, and whatever its rule keeps for each element. */
export interface DenseRow {
  readonly w: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
  /** `m` made of absolute values. */
  readonly reach: Float64Array;
  /** How far float32 may have strayed from `w`. */
  readonly stray: Float64Array;
  tally: number;
}

export interface DenseStep {
  readonly lr: number;
  /** Number of the step, from 1. */
  readonly t: number;
  /** How often the row is in the batch; its tally has them already. */
  readonly n: number;
  /** Of a gradient element, over all occurrences of all steps so far. */
  readonly meanSquare: number;
  /** The row's gradient, and the same of absolute values. */
  readonly g: Float64Array;
  readonly size: Float64Array;
}

/** What the weights lose at a step, and its reach. */
type Moves = (row: DenseRow, step: DenseStep, d: number) => readonly [move: number, reach: number];

const { sqrt } = Math;

/** The rule of an optimizer, for one element of a row at a time; of `expectedCounts` all are the same. */
export function denseRule(optimizer: Optimizer): Moves {
  switch (optimizer.type) {
    case "tallygrad":
      return tallygrad(optimizer);
    case "sgd":
      return sgd(optimizer);
    case "fa-sgd":
      return (_row, { lr, g, size }, d) => {
        const rate = lr / sqrt(at(optimizer.expectedCounts, 0));
        return [rate * at(g, d), rate * at(size, d)];
      };
    case "ftrl":
      return ftrl(optimizer);
    case "cf-sgd":
      return (row, { lr, g, size }, d) => {
        const rate = row.tally === 0 ? 0 : lr / sqrt(row.tally);
        return [rate * at(g, d), rate * at(size, d)];
      };
    case "adam":
    case "adamw":
      return adam(optimizer, (g, d) => at(g, d) ** 2);
    case "rowwise-adam":
      return adam(optimizer, meanSquare);
    case "rmsprop":
      return rmsprop(optimizer);
    case "adagrad":
      return adagrad(optimizer, 1e-10, (g, d) => at(g, d) ** 2);
    case "rowwise-adagrad":
      return adagrad(optimizer, 1e-8, meanSquare);
    default:
      // A new rule's rows move by themselves only if it says so.
      throw new Error(`no dense ${(optimizer as Optimizer).type}`);
  }
}

function meanSquare(g: Float64Array): number {
  return g.reduce((sum, x) => sum + x * x, 0) / g.length;
}

function tallygrad({ start = 64, floor = 0 }: Tallygrad): Moves {
  return ({ tally }, { lr, n, meanSquare: square, g, size }, d) => {
    const root = sqrt(floor + square * (tally - n + start) + meanSquare(g));
    return root === 0 ? [0, 0] : [(lr * at(g, d)) / root, (lr * at(size, d)) / root];
  };
}

function sgd({ momentum = 0, nesterov = false }: Sgd): Moves {
  return ({ m, reach }, { lr, g, size }, d) => {
    m[d] = momentum * at(m, d) + at(g, d);
    reach[d] = momentum * at(reach, d) + at(size, d);
    return nesterov
      ? [lr * (at(g, d) + momentum * at(m, d)), lr * (at(size, d) + momentum * at(reach, d))]
      : [lr * at(m, d), lr * at(reach, d)];
  };
}

function adam(options: AdamOptions, square: (g: Float64Array, d: number) => number): Moves {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
  return ({ m, v, reach }, { lr, t, g, size }, d) => {
    m[d] = beta1 * at(m, d) + (1 - beta1) * at(g, d);
    reach[d] = beta1 * at(reach, d) + (1 - beta1) * at(size, d);
    v[d] = beta2 * at(v, d) + (1 - beta2) * square(g, d);
    const rate = lr / (1 - beta1 ** t) / (sqrt(at(v, d) / (1 - beta2 ** t)) + eps);
    return [rate * at(m, d), rate * at(reach, d)];
  };
}

function rmsprop({ alpha = 0.99, eps = 1e-8 }: Rmsprop): Moves {
  return ({ v }, { lr, g, size }, d) => {
    v[d] = alpha * at(v, d) + (1 - alpha) * at(g, d) ** 2;
    const rate = lr / (sqrt(at(v, d)) + eps);
    return [rate * at(g, d), rate * at(size, d)];
  };
}

function adagrad(
  { eps }: Adagrad | RowwiseAdagrad,
  defaultEps: number,
  square: (g: Float64Array, d: number) => number,
): Moves {
  return ({ v }, { lr, g, size }, d) => {
    v[d] = at(v, d) + square(g, d);
    const root = sqrt(at(v, d)) + (eps ?? defaultEps);
    return root === 0 ? [0, 0] : [(lr * at(g, d)) / root, (lr * at(size, d)) / root];
  };
}

/** Without an L1 term, weights and the sum of squares say all. */
function ftrl({ beta = 1, lambda2 = 0 }: Ftrl): Moves {
  return ({ w, v }, { lr, g, size }, d) => {
    const weight = at(w, d);
    const [before, after] = [sqrt(at(v, d)), sqrt(at(v, d) + at(g, d) ** 2)];
    v[d] = at(v, d) + at(g, d) ** 2;
    const strength = (beta + after) / lr + lambda2;
    const z = -weight * ((beta + before) / lr + lambda2);
    const pull = ((after - before) / lr) * weight;
    return [
      weight + (z + at(g, d) - pull) / strength,
      Math.abs(weight) + (Math.abs(z) + at(size, d) + Math.abs(pull)) / strength,
    ];
  };
}

/** Half a unit in the last place of a float32 of 1. */
const unit = 2 ** -24;

/**
 * One step of a row. A step in float32 rounds the weight once or twice. It is off itself by a few roundings of its own and by those of its
 * state, of which each step so far brought at most four; both are in units of its reach.
 */
export function denseStep(
  row: DenseRow,
  moves: Moves,
  decay: WeightDecay | undefined,
  step: Omit<DenseStep, "size">,
): void {
  const { lr, t, g } = step;
  const size = g.map(Math.abs);
  if (decay?.type === "l2") {
    row.w.forEach((weight, d) => {
      g[d] = at(g, d) + decay.rate * weight;
      size[d] = at(size, d) + decay.rate * Math.abs(weight);
    });
  } else if (decay !== undefined) {
    row.w.forEach((weight, d) => {
      row.w[d] = weight * Math.max(1 - lr * decay.rate, 0);
    });
  }
  row.w.forEach((weight, d) => {
    const [move, reach] = moves(row, { ...step, size }, d);
    row.w[d] = weight - move;
    row.stray[d] = at(row.stray, d) + unit * (2 * Math.abs(weight) + (8 + 4 * t) * reach);
  });
}
