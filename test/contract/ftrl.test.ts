/** What sets FTRL apart: weights that are a function of its state, and exact zeros. */
import { describe, expect, test } from "vitest";
import type { Ftrl, TableOptions } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable } from "./subject.js";
import { everyId, gradientsFor, skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";

const { fround } = Math;
const rows = 20;
const dim = 6;

function tableOf(optimizer: Partial<Ftrl> = {}, more: Partial<TableOptions> = {}): EmbeddingTable {
  return new EmbeddingTable({ rows, dim, optimizer: { type: "ftrl", ...optimizer }, ...more });
}

function zerosIn(table: EmbeddingTable): number {
  return table.lookup(everyId(rows)).filter((weight) => weight === 0).length;
}

describe("ftrl", () => {
  test("by hand: z and a, and the weight that they give", () => {
    const table = new EmbeddingTable({
      rows: 1,
      dim: 1,
      init: { type: "zeros" },
      optimizer: { type: "ftrl", lr: 0.5, beta: 1, lambda1: 1, lambda2: 2 },
    });
    table.update([0], Float32Array.of(3));
    // z = 3, a = 9: -(3 - 1) / ((1 + 3) / 0.5 + 2).
    expect(table.lookup([0])[0]).toBe(fround(-0.2));
    table.update([0], Float32Array.of(-4));
    // z = 3 - 4 - (5 - 3) / 0.5 * -0.2 = -0.2, within lambda1.
    expect(table.lookup([0])[0]).toBe(0);
  });

  test(`has more zeros the stronger lambda1 is, and none without it (seed ${seed})`, () => {
    const counts = [0, 0.05, 0.3, 1e6].map((lambda1) => {
      const table = tableOf({ lambda1 }, { init: { type: "zeros" } });
      const random = new Random(seed);
      const { ids, gradients } = skewedBatch(random, rows, dim, 400);
      table.update(ids, gradients);
      table.update(everyId(rows), gradientsFor(random, rows, dim));
      return zerosIn(table);
    });
    expect(counts[0]).toBe(0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(at(counts, 1)).toBeLessThan(at(counts, 2));
    expect(counts[3]).toBe(rows * dim);
  });

  test.each<[name: string, optimizer: Partial<Ftrl>]>([
    ["without lambdas", {}],
    ["with both", { lambda1: 0.5, lambda2: 0.1 }],
  ])(`%s keeps weights that were set through a gradient of 0 (seed ${seed})`, (_name, optimizer) => {
    const random = new Random(seed);
    const table = tableOf(optimizer, { init: { type: "zeros" } });
    const { ids, gradients } = skewedBatch(random, rows, dim, 100);
    table.update(ids, gradients);
    const weights = gradientsFor(random, rows, dim);
    table.setRows(everyId(rows), weights);
    expect(table.lookup(everyId(rows))).toEqual(weights);
    table.update(everyId(rows), new Float32Array(rows * dim));
    table.lookup(everyId(rows)).forEach((weight, i) => {
      // z is a sum of two, rounded thrice; lambda1 is then taken off again. The divisor is at least beta / lr = 20.
      const bound = 6 * 2 ** -24 * (Math.abs(at(weights, i)) + (optimizer.lambda1 ?? 0) / 20);
      expect(Math.abs(weight - at(weights, i))).toBeLessThanOrEqual(bound);
    });
  });

  test(`starts where its first weights are (seed ${seed})`, () => {
    const table = tableOf({}, { init: { type: "uniform", scale: 0.5 } });
    const first = table.lookup(everyId(rows));
    table.update(everyId(rows), new Float32Array(rows * dim));
    table.lookup(everyId(rows)).forEach((weight, i) => {
      expect(Math.abs(weight - at(first, i))).toBeLessThanOrEqual(4 * 2 ** -24 * Math.abs(weight));
    });
  });

  test("takes Adagrad's first step from zeros, with beta for eps", () => {
    const gradients = gradientsFor(new Random(seed), rows, dim);
    const [ftrl, adagrad] = [
      tableOf({ lr: 0.1, beta: 0.25 }, { init: { type: "zeros" } }),
      tableOf({}, { init: { type: "zeros" }, optimizer: { type: "adagrad", lr: 0.1, eps: 0.25 } }),
    ];
    ftrl.update(everyId(rows), gradients);
    adagrad.update(everyId(rows), gradients);
    const expected = adagrad.lookup(everyId(rows));
    ftrl.lookup(everyId(rows)).forEach((weight, i) => {
      expect(Math.abs(weight - at(expected, i))).toBeLessThanOrEqual(8 * 2 ** -24 * Math.abs(weight));
    });
  });
});
