/** Settings with factorization machines and DeepFM: how a contestant is run on train, validation and test examples. */
import type { Init, Optimizer } from "tallygrad";
import { DeepFM, type Examples, FactorizationMachine, type Field, type FitOptions } from "tallygrad/models";
import type { Contestant } from "./contestants.js";
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
  /** First vectors, if they are not the models' usual ones. */
  init?: Exclude<Init, Float32Array>;
  fit: Pick<FitOptions, "epochs" | "batchSize" | "validateEvery" | "earlyStopping">;
  splitOf(seed: number): Split;
  seeds: readonly number[];
  contestants: readonly Contestant[];
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
  const Machine = setting.deep ? DeepFM : FactorizationMachine;
  const { fields, dim, init } = setting;
  using model = new Machine({ fields, dim, optimizer, seed, ...(init && { init }) });
  try {
    const stops = setting.fit.earlyStopping !== undefined;
    const history = await model.fit(train, { ...setting.fit, ...(stops && { validation }) });
    const chosen = await model.evaluate(validation);
    const { loss, auc = Number.NaN, byCount } = await model.evaluate(test);
    const curve = stops
      ? history.validation.map(({ examples, loss }) => ({ at: examples, loss }))
      : history.training.map(({ examples, loss }) => ({ at: examples, loss }));
    const losses = byCount.map(({ from, below, examples, loss }) => ({ from, below, examples, loss }));
    return {
      validation: chosen.loss,
      test: { "log-loss": loss, AUC: auc },
      curve,
      speed: history.rate,
      stateBytes: stateBytes(optimizer, model.vectors.memory, model.vectors.rows),
      byCount: losses,
    };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
    const nothing = Number.NaN;
    return {
      validation: Number.POSITIVE_INFINITY,
      test: { "log-loss": nothing, AUC: nothing },
      curve: [],
      speed: nothing,
      stateBytes: nothing,
    };
  }
}

function stateBytes({ type }: Optimizer, { state, tallies }: { state: number; tallies: number }, rows: number): number {
  return (state + (type === "tallygrad" || type === "cf-sgd" ? tallies : 0)) / rows;
}

/** How often each row of a model over these fields occurs in examples. */
function occurrences(fields: Readonly<Record<string, Field>>, { columns }: Examples): Float64Array {
  const sizes = Object.values(fields).map((field) => (typeof field === "number" ? field : (field.rows ?? 1)));
  const counts = new Float64Array(sizes.reduce((sum, size) => sum + size, 0));
  let first = 0;
  for (const [index, name] of Object.keys(fields).entries()) {
    const column = columns[name] as Uint32Array | { values: Uint32Array };
    for (const id of "values" in column && !ArrayBuffer.isView(column) ? column.values : (column as Uint32Array)) {
      counts[first + id] = (counts[first + id] ?? 0) + 1;
    }
    first += sizes[index] ?? 0;
  }
  // A cap is on every rate, and a row that never occurs never has one.
  return counts.map((count) => Math.max(count, 1));
}
