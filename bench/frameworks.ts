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
const shape = (rows: number, count: number): Shape => ({
  ...{ name: `${rows}`, rows, dim: 16, count, zipf: 1.05, stepsATurn: 1, batches: STEPS + 1 },
});

type Step = (batch: Batch) => Promise<void> | void;

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
async function packageOf(example: string, name: string): Promise<{ module: unknown; version: string }> {
  const folder = new URL(`../examples/${example}/`, import.meta.url);
  if (!existsSync(new URL("node_modules", folder))) {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit"], { cwd: folder, stdio: "inherit" });
  }
  const require = createRequire(new URL("package.json", folder));
  const { dependencies } = require("./package.json");
  return { module: await import(require.resolve(name)), version: dependencies[name] };
}

async function tensorflow({ rows, dim, count }: Shape): Promise<{ step: Step; weights(): Promise<Float32Array> }> {
  const tf = (await packageOf("tensorflow", "@tensorflow/tfjs")).module as TensorFlow;
  await tf.setBackend("cpu");
  const [weights, sgd] = [tf.variable(tf.zeros([rows, dim])), tf.train.sgd(LR)];
  const step: Step = ({ ids, gradients }) =>
    tf.tidy(() => {
      const [rowsOf, slopes] = [tf.tensor1d(Int32Array.from(ids), "int32"), tf.tensor2d(gradients, [count, dim])];
      sgd.minimize(() => weights.gather(rowsOf).mul(slopes).sum());
    });
  return { step, weights: async () => weights.dataSync() };
}

async function jax({ rows, dim, count }: Shape): Promise<{ step: Step; weights(): Promise<Float32Array> }> {
  const { grad, numpy: np } = (await packageOf("jax", "@jax-js/jax")).module as Jax;
  let weights = np.zeros([rows, dim]);
  const slope = grad((weights, ids, gradients) => np.sum(np.take(weights, ids, 0).mul(gradients)));
  const step: Step = async ({ ids, gradients }) => {
    const all = slope(weights.ref, np.array(Int32Array.from(ids)), np.array(gradients, { shape: [count, dim] }));
    weights = weights.sub(all.mul(LR));
    // Until then nothing has been computed.
    await weights.ref.data();
  };
  return { step, weights: () => weights.ref.data() };
}

function own({ rows, dim }: Shape): { step: Step; weights(): Promise<Float32Array> } {
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

async function timed(shape: Shape, make: (shape: Shape) => ReturnType<typeof own> | ReturnType<typeof jax>) {
  const { step, weights } = await make(shape);
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
  shape: Shape,
  make: Parameters<typeof timed>[1],
): Promise<Framework> {
  const [theirs, ours] = [await timed(shape, make), await timed(shape, own)];
  const apart = theirs.weights.reduce(
    (most, weight, at) => Math.max(most, Math.abs(weight - (ours.weights[at] ?? 0))),
    0,
  );
  if (!(apart < 1e-4)) throw new Error(`${name} computes something else: weights are ${apart} apart`);
  const { rows, dim, count } = shape;
  return { name, version, rows, dim, count, micros: theirs.micros, own: ours.micros };
}

const versions = [await packageOf("tensorflow", "@tensorflow/tfjs"), await packageOf("jax", "@jax-js/jax")];
const results = [
  await compared("TensorFlow.js", versions[0]?.version ?? "", shape(10_000, 256), tensorflow),
  await compared("jax-js", versions[1]?.version ?? "", shape(100_000, 4096), jax),
];
for (const { name, micros, own } of results)
  process.stdout.write(`${name} ${micros.toFixed(0)} µs, tallygrad ${own.toFixed(0)} µs\n`);
const record: Frameworks = { date: new Date().toISOString().slice(0, 10), machine: machine(), results };
writeFileSync(frameworksFile, `${JSON.stringify(record)}\n`);
