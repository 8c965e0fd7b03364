// Starts the pool's threads with a few large steps, then ends in the way its argument names.
import { EmbeddingTable } from "./built.mjs";

const way = process.argv[2];
const dim = 64;
const table = new EmbeddingTable({ rows: 2000, dim, threads: 4, init: { type: "zeros" } });
const ids = Uint32Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 2000);
const gradients = new Float32Array(ids.length * dim).fill(1e-3);
for (let step = 0; step < 5; step += 1) {
  table.update(ids, gradients);
}
process.stdout.write(JSON.stringify({ step: table.step }));
if (way === "dispose") {
  table.dispose();
} else if (way === "process.exit") {
  process.exit(0);
} else if (way === "timer") {
  setTimeout(() => table.update(ids, gradients), 20);
}
