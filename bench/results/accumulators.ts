/** What Adagrad has accumulated in each row, beside how often the row occurred. */
import { type Examples, FactorizationMachine, type Field } from "tallygrad/models";
import type { Accumulated } from "../../src/compare/report/row-panels.js";
import { accumulatorsByCount } from "../../src/compare/samples.js";

/** One pass, or several, with Adagrad at a rate. */
export async function accumulators(
  name: string,
  fields: Readonly<Record<string, Field>>,
  examples: Examples,
  { dim, lr, batchSize, epochs }: { dim: number; lr: number; batchSize: number; epochs: number },
): Promise<Accumulated> {
  // Vectors that begin near 0 have gradients that grow as they do, which is another matter.
  const init = { type: "normal", scale: 0.05 } as const;
  using model = new FactorizationMachine({ fields, dim, optimizer: { type: "adagrad", lr }, init, seed: 1 });
  await model.fit(examples, { batchSize, epochs });
  return { name, ...(await accumulatorsByCount(model.vectors)) };
}
