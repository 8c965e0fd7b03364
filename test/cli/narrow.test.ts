/** Vectors in two bytes a weight, on the demo's own data. */
import type { Optimizer } from "tallygrad";
import { FactorizationMachine, type MachineOptions } from "tallygrad/models";
import { expect, test } from "vitest";
import { clickLogFields, makeClickLog, sliceLog } from "../../src/synthetic/click-log.js";

const log = makeClickLog(1, 150_000);
const [train, held] = [sliceLog(log, 0, 100_000).examples, sliceLog(log, 100_000, 150_000).examples];

async function lossWith(optimizer: Optimizer, storage: Pick<MachineOptions, "dtype" | "rounding"> = {}) {
  using model = new FactorizationMachine({ fields: clickLogFields, dim: 8, seed: 1, optimizer, ...storage });
  await model.fit(train, { batchSize: 256 });
  return (await model.evaluate(held)).loss;
}

test.each([
  [{ type: "tallygrad" }, "f16"],
  [{ type: "tallygrad" }, "bf16"],
  [{ type: "adam", lr: 0.002 }, "bf16"],
] as const)(
  "%j in %s trains to within 0.1 % of float32's log-loss with stochastic rounding",
  async (optimizer, dtype) => {
    const narrow = await lossWith(optimizer, { dtype, rounding: "stochastic" });
    expect(Math.abs(narrow / (await lossWith(optimizer)) - 1)).toBeLessThan(0.001);
  },
  60_000,
);
