/**
 * The table under test and the oracle side by side: the same calls to both, and a comparison of every bit they show.
 */
import { expect } from "vitest";
import type { Ids, TableOptions, UpdateOptions } from "../../../index.js";
import { OracleTable } from "../../oracle/oracle-table.js";
import { EmbeddingTable } from "../subject.js";
import { type Batch, everyId } from "./batches.js";

export class Pair {
  private constructor(
    readonly table: EmbeddingTable,
    readonly oracle: OracleTable,
    readonly lrIsFixed: boolean,
  ) {}

  static of(options: TableOptions): Pair {
    return new Pair(new EmbeddingTable(options), new OracleTable(options), options.optimizer?.type === "ftrl");
  }

  clone(): Pair {
    return new Pair(this.table.clone(), this.oracle.clone(), this.lrIsFixed);
  }

  /** One step of both: they skip as many rows, or refuse the batch with the same code. */
  update({ ids, gradients }: Batch, options?: UpdateOptions): void {
    const outcome = outcomeOf(() => this.table.update(ids, gradients, options));
    expect(outcome).toEqual(outcomeOf(() => this.oracle.update(ids, gradients, options)));
  }

  setRows(ids: Ids, values: Float32Array): void {
    this.table.setRows(ids, values);
    this.oracle.setRows(ids, values);
  }

  resetRows(ids: Ids): void {
    this.table.resetRows(ids);
    this.oracle.resetRows(ids);
  }

  flush(): void {
    this.table.flush();
    this.oracle.flush();
  }

  /** Sets the rate of both, where it can be set. */
  setLr(lr: number): void {
    if (!this.lrIsFixed) {
      this.table.lr = lr;
      this.oracle.lr = lr;
    }
  }

  /** Weights, tallies, rates, step, lr and fingerprint are the oracle's, bit for bit. */
  expectSameBits(): void {
    const ids = everyId(this.table.rows);
    expectSameElements("weight", this.table.lookup(ids), this.oracle.lookup(ids));
    expectSameElements("tally", this.table.tallies(), this.oracle.tallies());
    expectSameElements("rate", this.table.rates(ids), this.oracle.rates(ids));
    expect(this.table.step).toBe(this.oracle.step);
    expect(this.table.lr).toBe(this.oracle.lr);
    expect(this.table.fingerprint()).toBe(this.oracle.fingerprint());
  }
}

/** Fails at the first element that differs; 0 and -0 differ, NaN equals NaN. */
export function expectSameElements(
  what: string,
  actual: Float32Array | Float64Array,
  expected: Float32Array | Float64Array,
): void {
  expect(actual.constructor).toBe(expected.constructor);
  expect(actual.length).toBe(expected.length);
  const position = expected.findIndex((element, i) => !Object.is(element, actual[i]));
  if (position >= 0) {
    expect.fail(`${what} ${position} is ${actual[position]}, the oracle's is ${expected[position]}`);
  }
}

function outcomeOf(update: () => number): { skipped: number } | { code: unknown } {
  try {
    return { skipped: update() };
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      return { code: error.code };
    }
    throw error;
  }
}
