/** What a competent programmer writes without a kernel: loops over typed arrays, which give the kernel's answers up to roundings. */

import type { Batch, Shape } from "./workload.js";

const [EPS, BETA1, BETA2] = [1e-8, 0.9, 0.999];
/** What tallygrad takes every row to have occurred before it does. */
const START = 64;

/** Rules that have a loop here. */
export const PLAIN_RULES = ["tallygrad", "sgd", "cf-sgd", "adagrad", "rowwise-adagrad", "adam"] as const;
export type PlainRule = (typeof PLAIN_RULES)[number];

export interface PlainTable {
  weights: Float32Array;
  step(batch: Batch): void;
}

/** A table of zeros. Rules whose step is linear in the gradient move a row at each occurrence, others sum its gradients first. */
export function plainTable(shape: Shape, rule: PlainRule, lr: number): PlainTable {
  if (rule === "sgd" || rule === "cf-sgd") return byOccurrence(shape, rule === "cf-sgd", lr);
  if (rule === "tallygrad") return byTally(shape, lr);
  return byRow(shape, rule, lr);
}

function byOccurrence({ rows, dim }: Shape, counted: boolean, lr: number): PlainTable {
  const weights = new Float32Array(rows * dim);
  const counts = new Uint32Array(counted ? rows : 0);
  const step = ({ ids, gradients }: Batch): void => {
    if (counted)
      for (let i = 0; i < ids.length; i++) counts[ids[i] as number] = (counts[ids[i] as number] as number) + 1;
    for (let i = 0; i < ids.length; i++) {
      const row = ids[i] as number;
      const rate = counted ? lr / Math.sqrt(counts[row] as number) : lr;
      const to = row * dim;
      const from = i * dim;
      for (let d = 0; d < dim; d++) {
        weights[to + d] = (weights[to + d] as number) - rate * (gradients[from + d] as number);
      }
    }
  };
  return { weights, step };
}

function byRow({ rows, dim }: Shape, rule: "adagrad" | "rowwise-adagrad" | "adam", lr: number): PlainTable {
  const weights = new Float32Array(rows * dim);
  const first = new Float32Array(rule === "adam" ? rows * dim : 0);
  const second = new Float32Array(rule === "rowwise-adagrad" ? rows : rows * dim);
  const move = { adagrad, "rowwise-adagrad": rowwiseAdagrad, adam }[rule];
  const slots = new Int32Array(rows).fill(-1);
  let sums = new Float32Array(0);
  let steps = 0;
  const step = ({ ids, gradients }: Batch): void => {
    steps += 1;
    if (sums.length < gradients.length) sums = new Float32Array(gradients.length);
    const touched = sum(ids, gradients, dim, slots, sums);
    const rate = rule === "adam" ? (lr * Math.sqrt(1 - BETA2 ** steps)) / (1 - BETA1 ** steps) : lr;
    for (const [slot, row] of touched.entries()) {
      move(weights, first, second, row, sums.subarray(slot * dim, (slot + 1) * dim), rate);
      slots[row] = -1;
    }
  };
  return { weights, step };
}

/** The house rule: a row's rate has the mean square of all gradients so far in it, how often the row occurred before, and its own gradient's mean square. */
function byTally({ rows, dim }: Shape, lr: number): PlainTable {
  const weights = new Float32Array(rows * dim);
  const counts = new Uint32Array(rows);
  const slots = new Int32Array(rows).fill(-1);
  let sums = new Float32Array(0);
  let [squares, elements] = [0, 0];
  const step = ({ ids, gradients }: Batch): void => {
    if (sums.length < gradients.length) sums = new Float32Array(gradients.length);
    squares += squaresOf(gradients);
    elements += gradients.length;
    for (const [slot, row] of sum(ids, gradients, dim, slots, sums).entries()) {
      const gradient = sums.subarray(slot * dim, (slot + 1) * dim);
      const seen = (counts[row] as number) + START;
      shift(weights, row * dim, gradient, lr / Math.sqrt((squares / elements) * seen + squaresOf(gradient) / dim));
      slots[row] = -1;
    }
    for (let i = 0; i < ids.length; i++) counts[ids[i] as number] = (counts[ids[i] as number] as number) + 1;
  };
  return { weights, step };
}

function squaresOf(numbers: Float32Array): number {
  let squares = 0;
  for (let d = 0; d < numbers.length; d++) squares += (numbers[d] as number) ** 2;
  return squares;
}

/** Moves the weights that begin at `at` against a gradient. */
function shift(weights: Float32Array, at: number, gradient: Float32Array, rate: number): void {
  for (let d = 0; d < gradient.length; d++)
    weights[at + d] = (weights[at + d] as number) - rate * (gradient[d] as number);
}

/** Adds up the gradients of each row, and gives the rows in order of their first occurrence. */
function sum(ids: Uint32Array, gradients: Float32Array, dim: number, slots: Int32Array, sums: Float32Array): number[] {
  const touched: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const row = ids[i] as number;
    const [known, from] = [slots[row] as number, i * dim];
    if (known < 0) {
      sums.set(gradients.subarray(from, from + dim), touched.length * dim);
      slots[row] = touched.length;
      touched.push(row);
      continue;
    }
    const to = known * dim;
    for (let d = 0; d < dim; d++) sums[to + d] = (sums[to + d] as number) + (gradients[from + d] as number);
  }
  return touched;
}

/** Moves a row by its summed gradient. */
type Move = (
  weights: Float32Array,
  first: Float32Array,
  second: Float32Array,
  row: number,
  gradient: Float32Array,
  rate: number,
) => void;

const adagrad: Move = (weights, _, second, row, gradient, rate) => {
  const at = row * gradient.length;
  for (let d = 0; d < gradient.length; d++) {
    const g = gradient[d] as number;
    const s = (second[at + d] as number) + g * g;
    second[at + d] = s;
    weights[at + d] = (weights[at + d] as number) - (rate * g) / (Math.sqrt(s) + EPS);
  }
};

const rowwiseAdagrad: Move = (weights, _, second, row, gradient, rate) => {
  const s = (second[row] as number) + squaresOf(gradient) / gradient.length;
  second[row] = s;
  shift(weights, row * gradient.length, gradient, rate / (Math.sqrt(s) + EPS));
};

const adam: Move = (weights, first, second, row, gradient, rate) => {
  const at = row * gradient.length;
  for (let d = 0; d < gradient.length; d++) {
    const g = gradient[d] as number;
    const m = (first[at + d] as number) + (1 - BETA1) * (g - (first[at + d] as number));
    const v = (second[at + d] as number) + (1 - BETA2) * (g * g - (second[at + d] as number));
    first[at + d] = m;
    second[at + d] = v;
    weights[at + d] = (weights[at + d] as number) - (rate * m) / (Math.sqrt(v) + EPS);
  }
};
