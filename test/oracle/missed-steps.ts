/**
 * How a row is caught up with steps that visit every row, but that it was not in the batch of. Part of the oracle.
 */
import type { Optimizer, WeightDecay } from "../../index.js";
import { at } from "./at.js";
import type { Row, Rule, Settling } from "./rules/rule.js";
import type { Map2, Runs } from "./runs.js";
import { squares } from "./sums.js";
import { kept, shrink } from "./treatment.js";

const { fround } = Math;

/** Catches up a row from the step it is up to. */
export type CatchUp = (row: Row, from: number, to: number, runs: Runs) => void;

/** The way of these options; `undefined` where rows that miss steps are not moved by them. */
export function catchUpOf(optimizer: Optimizer, decay: WeightDecay | undefined, rule: Rule): CatchUp | undefined {
  const decaying = decay?.scope === "all" && decay.type === "decoupled" ? decay.rate : undefined;
  const l2 = decay?.scope === "all" && decay.type === "l2" ? decay.rate : undefined;
  if ("scope" in optimizer && optimizer.scope === "all") {
    if (optimizer.type === "sgd" && (optimizer.momentum || l2 !== undefined)) {
      return linear(optimizer.momentum ?? 0, optimizer.nesterov ?? false, l2 ?? 0, decaying ?? 0);
    }
    if (rule.settling !== undefined || (l2 !== undefined && optimizer.type !== "sgd")) {
      return replay(rule, l2, decaying);
    }
  }
  return decaying === undefined ? undefined : decayAlone(rule, decaying);
}

function decayAlone(rule: Rule, rate: number): CatchUp {
  return (row, from, to, runs) => {
    shrinkBy(row, rate, from, to, runs);
    rule.adopt?.(row);
  };
}

/** What decay alone does at steps after `from`. */
function shrinkBy({ weights }: Row, rate: number, from: number, to: number, runs: Runs): void {
  const [factor] = runs.product(from + 1, to, (lr) => [kept(lr, rate), 0, 0, 1]);
  weights.forEach((weight, d) => {
    weights[d] = fround(fround(factor) * weight);
  });
}

function linear(momentum: number, nesterov: boolean, l2: number, decay: number): CatchUp {
  const mu = fround(momentum);
  const mapOf = (lr: number): Map2 => {
    const [p, q, r, s] = visit(lr);
    return [p * kept(lr, decay), q, r * kept(lr, decay), s];
  };
  const visit = (lr: number): Map2 => {
    if (momentum === 0) {
      return [1 - lr * l2, 0, 0, 1];
    }
    return nesterov ? [1 - lr * ((1 + mu) * l2), -lr * (mu * mu), l2, mu] : [1 - lr * l2, -lr * mu, l2, mu];
  };
  return ({ weights, elementState: [b] }, from, to, runs) => {
    const [p = 0, q = 0, r = 0, s = 0] = runs.product(from + 1, to, mapOf).map((entry) => fround(entry));
    for (let d = 0; d < weights.length; d += 1) {
      const weight = at(weights, d);
      if (b === undefined) {
        weights[d] = fround(p * weight);
      } else {
        const velocity = at(b, d);
        weights[d] = fround(fround(p * weight) + fround(q * velocity));
        b[d] = fround(fround(r * weight) + fround(s * velocity));
      }
    }
  };
}

function replay(rule: Rule, l2: number | undefined, decay: number | undefined): CatchUp {
  const settling: Settling | undefined = l2 === undefined ? rule.settling : undefined;
  return (row, from, to, runs) => {
    for (let step = from + 1; step <= to; step += 1) {
      const lr = runs.lrOf(step);
      if (decay !== undefined) {
        shrink(row.weights, kept(lr, decay));
      }
      const before = row.weights.slice();
      const sum = before.map((weight) => fround(weight * fround(l2 ?? 0)));
      rule.apply(row, { lr, step, id: 0, before: 0, after: 0, meanSquare: 0 }, sum, squares(sum));
      const rests = before.every((weight, d) => weight === row.weights[d]);
      if (rests && settling?.settles && step < to && runs.isPeak(step, to)) {
        settling.fade(row, to - step);
        if (decay !== undefined) {
          shrinkBy(row, decay, step, to, runs);
        }
        return;
      }
    }
  };
}
