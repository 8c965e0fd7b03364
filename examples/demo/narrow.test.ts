/** Tables in two bytes a weight, on the demo's own data. */
import { expect, test } from "vitest";
import { makeClickLog } from "./click-log.js";
import { logLoss } from "./metrics.js";
import { clickLogOptimizers } from "./optimizers.js";
import { type Recipe, recipeFor } from "./recipes.js";
import { train } from "./training.js";

const data = makeClickLog({ seed: 1, trainExamples: 100_000, testExamples: 50_000 });

async function lossWith(type: string, storage: Recipe["storage"] = {}): Promise<number> {
  const optimizer = clickLogOptimizers.find((optimizer) => optimizer.type === type);
  if (optimizer === undefined) throw new Error(`${type} takes no part in the demo`);
  const training = await train(data, optimizer, { ...recipeFor(data, 1), storage });
  if (training === null) throw new Error(`${type} diverged`);
  const loss = logLoss(training.model.predict(data.test), data.test.labels);
  training.model.dispose();
  return loss;
}

test.each([
  ["tallygrad", "f16"],
  ["tallygrad", "bf16"],
  ["adam", "bf16"],
] as const)(
  "%s in %s trains to within 0.1 % of float32's log-loss with stochastic rounding",
  async (type, dtype) => {
    const stateDtype = type === "adam" ? "bf16" : "f32";
    const narrow = await lossWith(type, { dtype, stateDtype, rounding: "stochastic" });
    expect(Math.abs(narrow / (await lossWith(type)) - 1)).toBeLessThan(0.001);
  },
  60_000,
);
