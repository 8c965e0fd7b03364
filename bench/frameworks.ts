/**
 * What training an embedding costs in frameworks for JavaScript: a step of SGD on a dense variable, gradient and all, beside a table's lookup and update of the
 * same rows. Medians of some steps. `npm run bench:frameworks` writes bench/records/frameworks.json, which bench/README.md shows.
 */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EmbeddingTable } from "tallygrad";
import { type Framework, type Frameworks, frameworksFile, machine } from "./suite/record.js";
import { median } from "./suite/rounds.js";
import { type Batch, batchesOf, type Shape } from "./workload.js";

const STEPS = 5;
const LR = 0.01;

/** An embedding in training. */
interface Embedding {
  step(batch: Batch): Promise<void> | void;
  weights(): Promise<Float32Array>;
}

/** The few things of TensorFlow.js that are used here. */
interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  zeros(shape: number[]): object;
  variable(value: object): { gather(ids: object): { mul(by: object): { sum(): object } }; dataSync(): Float32Array };
  tensor1d(values: Int32Array, type: string): object;
  tensor2d(values: Float32Array, shape: number[]): object;
  tidy(work: () => void): void;
  train: { sgd(lr: number): { minimize(loss: () => object): void } };
}

/** The few things of jax-js that are used here. */
interface JaxArray {
  ref: JaxArray;
  mul(by: JaxArray | number): JaxArray;
  sub(by: JaxArray): JaxArray;
  data(): Promise<Float32Array>;
}
interface Jax {
  grad(loss: (weights: JaxArray, ids: JaxArray, gradients: JaxArray) => JaxArray): (...all: JaxArray[]) => JaxArray;
  numpy: {
    zeros(shape: number[]): JaxArray;
    array(values: ArrayLike<number>, options?: { shape: number[] }): JaxArray;
    take(from: JaxArray, ids: JaxArray, axis: number): JaxArray;
    sum(of: JaxArray): JaxArray;
  };
}

/** A package that an example has installed. */
async function packageOf<Module>(example: string, name: string): Promise<{ module: Module; version: string }> {
  const folder = new URL(`../examples/${example}/`, import.meta.url);
  if (!existsSync(new URL("node_modules", folder))) {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit"], { cwd: folder, stdio: "inherit" });
  }
  const require = createRequire(new URL("package.json", folder));
  const { dependencies } = require("./package.json");
  return { module: await import(require.resolve(name)), version: dependencies[name] };
}

function tensorflow(tf: TensorFlow, { rows, dim, count }: Shape): Embedding {
  const [weights, sgd] = [tf.variable(tf.zeros([rows, dim])), tf.train.sgd(LR)];
  const step = ({ ids, gradients }: Batch): void =>
    tf.tidy(() => {
      const [rowsOf, slopes] = [tf.tensor1d(Int32Array.from(ids), "int32"), tf.tensor2d(gradients, [count, dim])];
      sgd.minimize(() => weights.gather(rowsOf).mul(slopes).sum());
    });
  return { step, weights: async () => weights.dataSync() };
}

function jax({ grad, numpy: np }: Jax, { rows, dim, count }: Shape): Embedding {
  let weights = np.zeros([rows, dim]);
  const slope = grad((weights, ids, gradients) => np.sum(np.take(weights, ids, 0).mul(gradients)));
  const step = async ({ ids, gradients }: Batch): Promise<void> => {
    const all = slope(weights.ref, np.array(Int32Array.from(ids)), np.array(gradients, { shape: [count, dim] }));
    weights = weights.sub(all.mul(LR));
    // Until then nothing has been computed.
    await weights.ref.data();
  };
  return { step, weights: () => weights.ref.data() };
}

function own({ rows, dim }: Shape): Embedding {
  const table = new EmbeddingTable({ rows, dim, optimizer: { type: "sgd", lr: LR }, init: { type: "zeros" } });
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  return {
    step: ({ ids, gradients }) => {
      table.lookup(ids);
      table.update(ids, gradients);
    },
    weights: async () => table.lookup(all),
  };
}

async function timed({ step, weights }: Embedding, shape: Shape): Promise<{ micros: number; weights: Float32Array }> {
  const times: number[] = [];
  for (const batch of batchesOf(shape)) {
    const start = performance.now();
    await step(batch);
    times.push(1000 * (performance.now() - start));
  }
  // The first compiles.
  return { micros: median(times.slice(1)), weights: await weights() };
}

async function compared(
  name: string,
  version: string,
  { rows, count }: { rows: number; count: number },
  make: (shape: Shape) => Embedding,
): Promise<Framework> {
  const dim = 16;
  const shape: Shape = { name, rows, dim, count, zipf: 1.05, stepsATurn: 1, batches: STEPS + 1 };
  const [theirs, ours] = [await timed(make(shape), shape), await timed(own(shape), shape)];
  const distances = theirs.weights.map((weight, at) => Math.abs(weight - (ours.weights[at] ?? Number.NaN)));
  const apart = distances.reduce((most, distance) => (distance <= most ? most : distance), 0);
  if (!(apart < 1e-4)) throw new Error(`${name} computes something else: weights are ${apart} apart`);
  process.stdout.write(`${name} ${theirs.micros.toFixed(0)} µs, tallygrad ${ours.micros.toFixed(0)} µs\n`);
  return { name, version, rows, dim, count, micros: theirs.micros, own: ours.micros };
}

const { module: tf, version: tfVersion } = await packageOf<TensorFlow>("tensorflow", "@tensorflow/tfjs");
await tf.setBackend("cpu");
const { module: jaxJs, version: jaxVersion } = await packageOf<Jax>("jax", "@jax-js/jax");
const record: Frameworks = {
  date: new Date().toISOString().slice(0, 10),
  machine: machine(),
  results: [
    await compared("TensorFlow.js", tfVersion, { rows: 10_000, count: 256 }, (shape) => tensorflow(tf, shape)),
    await compared("jax-js", jaxVersion, { rows: 100_000, count: 4096 }, (shape) => jax(jaxJs, shape)),
  ],
};
writeFileSync(frameworksFile, `${JSON.stringify(record)}\n`);
