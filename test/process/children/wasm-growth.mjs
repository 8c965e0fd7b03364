// Makes 1,000 tables of 1 MiB on WebAssembly and trains each, twice: disposing of every one, then leaving them to the garbage collector.
// Prints by how many bytes WebAssembly memory grew after the first few. Needs --expose-gc.
import { setImmediate } from "node:timers/promises";
import { EmbeddingTable, kernelMemory } from "./watched.mjs";

const ids = Uint32Array.from({ length: 500 }, (_, i) => (i * i) % 4096);
const gradients = new Float32Array(ids.length * 64).fill(1e-3);

function train() {
  const table = new EmbeddingTable({
    rows: 4096,
    dim: 64,
    init: { type: "zeros" },
    optimizer: { type: "sgd", lr: 0.1 },
  });
  table.update(ids, gradients);
  table.lookup(ids);
  return table;
}

async function growth(finish) {
  let before = 0;
  for (let round = 0; round < 1000; round++) {
    await finish(train(), round);
    if (round === 100) before = kernelMemory().buffer.byteLength;
  }
  return kernelMemory().buffer.byteLength - before;
}

const disposed = await growth((table) => table.dispose());
const abandoned = await growth(async (_, round) => {
  if (round % 10 !== 0) return;
  globalThis.gc();
  // Finalizers run between turns of the event loop.
  await setImmediate();
});
process.stdout.write(JSON.stringify({ disposed, abandoned }));
