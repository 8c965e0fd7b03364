// Trains the same table in this thread and in a worker, while other workers with tables of their own are terminated in
// the middle of their steps. Prints the fingerprints, which have to be equal.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { EmbeddingTable } from "./built.mjs";

const rows = 3000;
const dim = 64;
const ids = Uint32Array.from({ length: 20_000 }, (_, i) => (i * 7919) % rows);
const gradients = Float32Array.from({ length: ids.length * dim }, (_, i) => ((i * 31) % 17) / 1000 - 0.008);

function train(steps) {
  const table = new EmbeddingTable({ rows, dim, threads: 2 });
  for (let step = 0; step < steps; step += 1) {
    table.update(ids, gradients);
  }
  return table.fingerprint();
}

function trainForEver() {
  const table = new EmbeddingTable({ rows, dim, threads: 2 });
  table.update(ids, gradients);
  parentPort.postMessage("started");
  for (;;) {
    table.update(ids, gradients);
  }
}

async function runMain() {
  const here = new URL(import.meta.url);
  const steady = new Worker(here, { workerData: { steps: 60 } });
  const answer = once(steady, "message");
  for (const delay of [0, 3, 7, 20, 41]) {
    const doomed = new Worker(here, { workerData: { steps: Number.POSITIVE_INFINITY } });
    await once(doomed, "message");
    await setTimeout(delay);
    await doomed.terminate();
  }
  const [inWorker] = await answer;
  process.stdout.write(JSON.stringify({ inWorker, inMain: train(60) }));
}

if (isMainThread) {
  await runMain();
} else if (workerData.steps === Number.POSITIVE_INFINITY) {
  trainForEver();
} else {
  parentPort.postMessage(train(workerData.steps));
}
