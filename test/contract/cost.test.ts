/** What a step costs: in proportion to its batch, not to its table. */
import { expect, test } from "vitest";
import { EmbeddingTable } from "./subject.js";

test("a step of the same batch on a table ten thousand times as large takes about as long", () => {
  const dim = 8;
  const ids = Uint32Array.from({ length: 512 }, (_, i) => (i * 7) % 1000);
  const gradients = new Float32Array(ids.length * dim).fill(0.01);
  const fastest = (rows: number): number => {
    using table = new EmbeddingTable({ rows, dim, init: { type: "zeros" }, threads: 1, tally: { halfLife: 10 } });
    let best = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 300; step++) {
      const start = performance.now();
      table.update(ids, gradients);
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  // A walk over the table would cost 10,000 times as much; noise costs a few times.
  expect(fastest(10_000_000) / fastest(1000)).toBeLessThan(20);
});
