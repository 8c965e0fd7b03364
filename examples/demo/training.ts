/**
 * Trains a factorization machine on a data set with one optimizer. Without validation examples: one pass in order, as a log
 * arrives. With them: shuffled epochs, validated every half epoch, stopped when two epochs brought nothing better, and the
 * best weights kept. The calling thread is let go a few times a second, so that a progress bar and Ctrl-C work.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Optimizer } from "tallygrad";
import { type Dataset, type Examples, reorderExamples } from "./dataset.js";
import { batches, FactorizationMachine } from "./factorization-machine.js";
import { logLoss } from "./metrics.js";
import { Random } from "./random.js";
import type { Recipe } from "./recipes.js";

export interface CurvePoint {
  /** Training examples seen so far. */
  readonly examples: number;
  /** In one pass: the mean loss of the examples since the last point, each predicted before it was trained on. Else of validation. */
  readonly logLoss: number;
}

export interface Training {
  readonly model: FactorizationMachine;
  readonly curve: readonly CurvePoint[];
  /** Training examples a second: forward, backward and update, without validation. */
  readonly examplesPerSecond: number;
}

/** Told now and then how many examples were seen, and the mean loss of the latest of them. */
export type OnProgress = (examples: number, recentLoss: number) => void;

/** Half epochs without improvement after which training stops: two epochs. */
const patience = 4;
/** About how many examples share a point of the curve of a single pass. */
const examplesPerPoint = 20_000;
/** How long the calling thread is kept at a time. */
const turnMilliseconds = 100;

/** Returns null if training diverged: the table refuses gradients that are not finite. */
export async function train(
  data: Dataset,
  optimizer: Optimizer,
  recipe: Recipe,
  onProgress?: OnProgress,
): Promise<Training | null> {
  const model = FactorizationMachine.forDataset(data, recipe, optimizer);
  try {
    return await trainModel(model, data, recipe, onProgress);
  } catch (error) {
    model.dispose();
    if (error instanceof RangeError && "code" in error && error.code === "ERR_NON_FINITE") return null;
    throw error;
  }
}

async function trainModel(
  model: FactorizationMachine,
  data: Dataset,
  recipe: Recipe,
  onProgress?: OnProgress,
): Promise<Training> {
  const curve: CurvePoint[] = [];
  const best = new BestModel(model);
  let examples = 0;
  let milliseconds = 0;
  const turn = new Turn();
  for (const segment of data.validation ? halfEpochs(data, recipe) : points(data, recipe)) {
    const start = performance.now();
    const recentLoss = await trainOn(model, segment, turn, (seen, loss) => onProgress?.(examples + seen, loss));
    milliseconds += performance.now() - start;
    examples += segment.count;
    if (!data.validation) {
      curve.push({ examples, logLoss: recentLoss });
      continue;
    }
    const validationLoss = logLoss(model.predict(data.validation), data.validation.labels);
    curve.push({ examples, logLoss: validationLoss });
    if (!best.improves(validationLoss)) break;
  }
  return { model: best.take(), curve, examplesPerSecond: (1000 * examples) / milliseconds };
}

/** Trains on the examples in order, and returns the mean loss of their predictions before training. */
async function trainOn(
  model: FactorizationMachine,
  examples: Examples,
  turn: Turn,
  onProgress: OnProgress,
): Promise<number> {
  let lossSum = 0;
  for (const [batch, start] of batches(examples, model.shape.fields, model.shape.batch)) {
    lossSum += model.train(batch);
    if (turn.isOver()) {
      const seen = start + batch.count;
      onProgress(seen, lossSum / seen);
      await turn.next();
    }
  }
  onProgress(examples.count, lossSum / examples.count);
  return lossSum / examples.count;
}

/** How long the calling thread was kept: after a while others have their turn. */
class Turn {
  #start = performance.now();

  isOver(): boolean {
    return performance.now() - this.#start > turnMilliseconds;
  }

  /** Lets timers, signals and output go first. */
  async next(): Promise<void> {
    await nextTurn();
    this.#start = performance.now();
  }
}

/** The model at its lowest validation loss so far. Without validation that is the model itself. */
class BestModel {
  readonly #model: FactorizationMachine;
  #kept: FactorizationMachine | null = null;
  #loss = Number.POSITIVE_INFINITY;
  #worseInARow = 0;

  constructor(model: FactorizationMachine) {
    this.#model = model;
  }

  /** Notes a validation loss, and says whether to go on. */
  improves(loss: number): boolean {
    if (loss < this.#loss) {
      this.#loss = loss;
      this.#worseInARow = 0;
      this.#kept?.dispose();
      this.#kept = this.#model.clone();
      return true;
    }
    return ++this.#worseInARow < patience;
  }

  /** The best model; the other one is disposed. */
  take(): FactorizationMachine {
    if (!this.#kept) return this.#model;
    this.#model.dispose();
    return this.#kept;
  }
}

/** The training examples in order, cut after whole batches so that every point of the curve has about as many. */
function* points(data: Dataset, recipe: Recipe): Generator<Examples> {
  yield* cut(data, data.train, recipe.batch * Math.ceil(examplesPerPoint / recipe.batch));
}

/** Epoch after epoch in a new order, each in two halves of whole batches. */
function* halfEpochs(data: Dataset, recipe: Recipe): Generator<Examples> {
  const random = new Random(recipe.seed, "order of examples");
  for (let epoch = 0; epoch < recipe.epochs; epoch++) {
    const shuffled = reorderExamples(data.train, data.fields, random.permutation(data.train.count));
    yield* cut(data, shuffled, recipe.batch * Math.ceil(data.train.count / 2 / recipe.batch));
  }
}

function* cut(data: Dataset, examples: Examples, length: number): Generator<Examples> {
  for (const [segment] of batches(examples, data.fields, length)) yield segment;
}
