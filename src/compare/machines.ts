/** Factorization machines and DeepFM as contestants: how one is trained, tested and measured. */
import type { EmbeddingTable, Init, Optimizer } from "tallygrad";
import {
  DeepFM,
  type Examples,
  FactorizationMachine,
  type Field,
  type FitOptions,
  type FitProgress,
  type MachineOptions,
} from "tallygrad/models";
import type { Contestant } from "./contestants.js";
import { accumulatorsByCount, ratesByCount } from "./samples.js";
import type { Run, Setting } from "./study.js";

/** Data for one seed. */
export interface Split {
  train: Examples;
  validation: Examples;
  test: Examples;
}

export interface MachineSetting {
  name: string;
  deep: boolean;
  fields: Readonly<Record<string, Field>>;
  dim: number;
  loss?: "logistic" | "squared";
  /** First vectors, if they are not the models' usual ones. */
  init?: Exclude<Init, Float32Array>;
  /** How vectors are stored and by what. */
  options?: Pick<MachineOptions, "dtype" | "rounding" | "threads" | "backend">;
  fit: Pick<FitOptions, "epochs" | "batchSize" | "validateEvery" | "earlyStopping">;
  splitOf(seed: number): Split;
  /** The mean loss of a perfect learner on training examples `from` to `to - 1`, which is taken off that of the contestants. */
  oracle?(seed: number, from: number, to: number): number;
  seeds: readonly number[];
  contestants: readonly Contestant[];
  signal?: AbortSignal;
  onProgress?: (progress: FitProgress) => void;
}

export function machineSetting(setting: MachineSetting): Setting {
  const { name, seeds, contestants } = setting;
  return { name, seeds, contestants, run: (contestant, rate, seed) => runMachine(setting, contestant, rate, seed) };
}

async function runMachine(setting: MachineSetting, contestant: Contestant, rate: number, seed: number): Promise<Run> {
  const { train, validation, test } = setting.splitOf(seed);
  const { epochs = 1, batchSize = 1024 } = setting.fit;
  const steps = epochs * Math.ceil(train.labels.length / batchSize);
  const expectedCounts = (): Float64Array => occurrences(setting.fields, train).map((count) => count * epochs);
  const optimizer = contestant.optimizer(rate, { steps, expectedCounts });
  const { fields, dim, init, options, loss = "logistic", signal, onProgress } = setting;
  const Machine = setting.deep ? DeepFM : FactorizationMachine;
  using model = new Machine({ fields, dim, optimizer, seed, loss, ...options, ...(init && { init }) });
  try {
    const stops = setting.fit.earlyStopping !== undefined;
    const history = await model.fit(train, { ...setting.fit, ...(stops && { validation }), signal, onProgress });
    const chosen = await model.evaluate(validation);
    const tested = await model.evaluate(test);
    return {
      validation: chosen.loss,
      test: loss === "logistic" ? { "log-loss": tested.loss, AUC: tested.auc ?? Number.NaN } : { loss: tested.loss },
      curve: stops
        ? history.validation.map(({ trained, loss }) => ({ at: trained, loss }))
        : progressive(history.training, (from, to) => setting.oracle?.(seed, from, to) ?? 0),
      speed: history.rate,
      stateBytes: stateBytes(optimizer, model.vectors),
      byCount: tested.byCount.map(({ from, below, examples, loss }) => ({ from, below, examples, loss })),
      rates: ratesByCount(model.vectors),
      ...(optimizer.type === "adagrad" && { accumulators: await accumulatorsByCount(model.vectors) }),
    };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
    return diverged(loss);
  }
}

/** Less what a perfect learner would have lost on the same examples. */
function progressive(
  points: readonly { examples: number; loss: number }[],
  oracle: (from: number, to: number) => number,
): Run["curve"] {
  return points.map(({ examples, loss }, index) => {
    return { at: examples, loss: loss - oracle(points[index - 1]?.examples ?? 0, examples) };
  });
}

function diverged(loss: "logistic" | "squared"): Run {
  const nothing = Number.NaN;
  return {
    validation: Number.POSITIVE_INFINITY,
    test: loss === "logistic" ? { "log-loss": nothing, AUC: nothing } : { loss: nothing },
    curve: [],
    speed: nothing,
    stateBytes: nothing,
  };
}

/** State, and the tally where the rule reads it: every table has tallies, but not every rule needs them. */
function stateBytes({ type }: Optimizer, { memory, rows }: EmbeddingTable): number {
  return (memory.state + (type === "tallygrad" || type === "cf-sgd" ? memory.tallies : 0)) / rows;
}

/** How often each row of a model over these fields occurs in examples. */
function occurrences(fields: Readonly<Record<string, Field>>, { columns }: Examples): Float64Array {
  const sizes = Object.values(fields).map((field) => (typeof field === "number" ? field : (field.rows ?? 1)));
  const counts = new Float64Array(sizes.reduce((sum, size) => sum + size, 0));
  let first = 0;
  for (const [index, [name, field]] of Object.entries(fields).entries()) {
    const column = columns[name] as Uint32Array | { values: Uint32Array };
    const ids = "values" in column && !ArrayBuffer.isView(column) ? column.values : (column as Uint32Array);
    const numeric = typeof field === "object" && field.numeric === true;
    for (const id of ids) counts[first + (numeric ? 0 : id)] = (counts[first + (numeric ? 0 : id)] ?? 0) + 1;
    first += sizes[index] ?? 0;
  }
  // A cap is on every rate, and a row that never occurs never has one.
  return counts.map((count) => Math.max(count, 1));
}
