// Makes 1,000 tables of 1 MiB, uses each once and forgets it; prints the largest resident size on the way. Nobody calls
// the garbage collector: it has to be told by the tables how much memory hangs on them.
import { setImmediate } from "node:timers/promises";
import { EmbeddingTable } from "./built.mjs";

const rows = 4096;
const dim = 64;
const init = new Float32Array(rows * dim).fill(0.5);
const gradients = new Float32Array(2 * dim).fill(1);
const enough = 900e6;

const before = process.memoryUsage().rss;
let largest = before;
let made = 0;
while (made < 1000 && largest < enough) {
  const table = new EmbeddingTable({ rows, dim, init, optimizer: { type: "sgd", lr: 0.1 } });
  table.update([made, made + 1], gradients);
  if (made % 2 === 0) {
    table.clone().update([3, 4], gradients);
  }
  made += 1;
  // Finalizers run between turns of the event loop.
  await setImmediate();
  largest = Math.max(largest, process.memoryUsage().rss);
}
process.stdout.write(JSON.stringify({ growth: largest - before, made }));
