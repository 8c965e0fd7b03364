// Takes 20,000 steps on one table, four times, and prints by how many bytes the process grew each time. Needs --expose-gc.
import { EmbeddingTable } from "./built.mjs";

const rows = 5000;
const dim = 16;
const count = 512;
const table = new EmbeddingTable({ rows, dim, optimizer: { type: "adam" } });
const batches = Array.from({ length: 8 }, (_, k) => ({
  ids: Uint32Array.from({ length: count }, (_, i) => (i * i * (k + 3)) % rows),
  gradients: new Float32Array(count * dim).fill(1e-3 * (k + 1)),
}));
const plainIds = [1, 2, 3, 4999];

function run(steps) {
  for (let step = 0; step < steps; step += 1) {
    const { ids, gradients } = batches[step % batches.length];
    table.lookup(ids);
    table.update(ids, gradients);
    table.rates(plainIds);
    table.tallies(plainIds);
    if (step % 100 === 0) {
      refused(() => table.update(ids, plainIds));
      refused(() => table.lookup([rows]));
    }
  }
  globalThis.gc();
  return process.memoryUsage().rss;
}

function refused(call) {
  try {
    call();
  } catch {
    return;
  }
  throw new Error("a bad call was not refused");
}

const sizes = [2000, 20_000, 20_000, 20_000, 20_000].map(run);
const growths = sizes.slice(1).map((size, at) => size - sizes[at]);
process.stdout.write(JSON.stringify({ growths, step: table.step }));
