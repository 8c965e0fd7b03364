/** Training factorization machines and DeepFM. */
import type { Optimizer } from "tallygrad";
import {
  type Data,
  DeepFM,
  type Examples,
  FactorizationMachine,
  type FieldOptions,
  type FitOptions,
  type MachineOptions,
  type Metrics,
} from "tallygrad/models";
import { countText } from "../compare/ranking.js";
import { distinctKeys, load, readerOf, tellSkipped } from "./data.js";
import { exitCodes, UsageError } from "./exit.js";
import { contestantFrom, placeOf } from "./flags.js";
import { wasInterrupted } from "./interrupt.js";
import { metricsJson, metricsText } from "./metrics-text.js";
import { loadMachine } from "./saved.js";
import type { TrainFlags, Work } from "./train.js";

const STREAM_CAPACITY = 1_000_000;
const EPOCHS = 10;
const VALIDATION_SHARE = 0.1;

/** What there is to learn from. */
interface Material {
  data: Data;
  fields: Record<string, FieldOptions>;
  /** Rows that all keys need, if they were counted. */
  keys: number | undefined;
  validation: Examples | number | undefined;
  /** Says what was skipped of a stream. */
  end(): void;
}

/** How far training has come. */
interface Seen {
  examples: number;
  rate: number;
  /** The evaluation that the model is as good as, if there is one. */
  metrics: Metrics | undefined;
}

export async function trainMachine(work: Work): Promise<number> {
  const { flags, terminal } = work;
  const material = await materialOf(work);
  using model = await machineFor(flags, material);
  const seen: Seen = { examples: 0, rate: 0, metrics: undefined };
  const interrupted = await wasInterrupted(learn(model, material, work, seen));
  terminal.stop();
  material.end();
  if (interrupted && seen.examples === 0) {
    terminal.warn("Interrupted before anything was learned; nothing was written.");
    return exitCodes.interrupted;
  }
  await model.save(flags.out);
  const { examples, rate } = seen;
  // What was evaluated is not what there is after an interruption.
  const metrics = interrupted ? undefined : seen.metrics;
  const text = [
    ...(metrics === undefined ? [] : [metricsText(metrics, model.loss, "Validation")]),
    `${interrupted ? "Interrupted after" : "Learned from"} ${countText(examples)} examples; ${flags.out} is written.`,
  ];
  terminal.result(text.join("\n"), {
    model: flags.out,
    interrupted,
    examples,
    examplesPerSecond: rate,
    validation: metrics === undefined ? null : metricsJson(metrics),
  });
  return interrupted ? exitCodes.interrupted : exitCodes.done;
}

/** Trains, and shows and writes down how far it has come. */
async function learn(
  model: FactorizationMachine | DeepFM,
  { data, validation }: Material,
  { flags, signal, terminal }: Work,
  seen: Seen,
): Promise<void> {
  const stops = { validateEvery: 0.5, earlyStopping: { patience: flags.patience } };
  let shown = false;
  const onProgress: FitOptions["onProgress"] = ({ epoch, examples, total, loss, rate, validation }) => {
    Object.assign(seen, { examples, rate });
    if (validation !== undefined) terminal.note(`epoch ${epoch}: validation loss ${validation.loss.toFixed(5)}`);
    if (!shown || validation !== undefined) terminal.start("Training", total ?? Number.POSITIVE_INFINITY);
    shown = true;
    terminal.update(examples, { rate, unit: "examples", loss });
  };
  const history = await model.fit(data, {
    epochs: flags.epochs ?? (validation === undefined ? 1 : EPOCHS),
    batchSize: flags.batch,
    signal,
    onProgress,
    ...(validation !== undefined && { validation, ...stops }),
  });
  Object.assign(seen, { examples: history.examples, rate: history.rate });
  seen.metrics = history.validation[history.best ?? -1];
}

async function materialOf({ file, flags, signal, terminal }: Work): Promise<Material> {
  const given = flags.validation ?? (flags.stream ? 0 : VALIDATION_SHARE);
  const validation =
    typeof given === "string" ? (await load(given, flags, signal, terminal)).examples : given || undefined;
  if (!flags.stream) {
    const { examples, fields } = await load(file, flags, signal, terminal);
    return { data: examples, fields, keys: distinctKeys(examples), validation, end: () => undefined };
  }
  if (typeof validation === "number") {
    throw new UsageError("--stream holds no examples back, so --validation must be another file");
  }
  const data = readerOf(file, flags, signal, terminal, false);
  const fields = await data.fields();
  return { data, fields, keys: undefined, validation, end: () => tellSkipped(file, data, terminal) };
}

async function machineFor(flags: TrainFlags, { fields, keys }: Material): Promise<FactorizationMachine | DeepFM> {
  const { dim, loss, seed, dtype, rounding, capacity, least } = flags;
  const place = placeOf(flags);
  if (flags.from !== undefined) return await loadMachine(flags.from, place);
  const rows = capacity ?? Math.max(keys === undefined ? STREAM_CAPACITY : keys + 1, 2);
  const optimizer = optimizerOf(flags);
  const options: MachineOptions = {
    fields,
    vocabulary: { capacity: rows, ...(least && { admission: { type: "count", least } }) },
    loss,
    seed,
    dtype,
    rounding,
    ...place,
    ...(dim && { dim }),
    ...(optimizer && { optimizer }),
  };
  return flags.model === "deepfm" ? new DeepFM(options) : new FactorizationMachine(options);
}

/** What was asked for, if anything was: models have a default of their own. */
export function optimizerOf({ optimizer, lr, loss }: TrainFlags): Optimizer | undefined {
  if (optimizer === undefined && lr === undefined) return undefined;
  const contestant = contestantFrom(optimizer ?? "tallygrad", loss);
  const unknown = (): never => {
    throw new UsageError("fa-sgd needs expected counts, which only compare has");
  };
  return contestant.optimizer(lr ?? contestant.standard ?? contestant.start, {
    steps: Number.NaN,
    expectedCounts: unknown,
  });
}
