/** What Adagrad has accumulated in each row, beside how often the row occurred. */
import { readSafetensors } from "tallygrad/formats";
import { type Examples, FactorizationMachine, type Field } from "tallygrad/models";

export interface Accumulators {
  name: string;
  /** Some of the rows: count and mean accumulator. */
  rows: { count: number; accumulator: number }[];
  /** Of the line through the logarithms of all rows. */
  slope: number;
  r2: number;
}

const SHOWN = 1500;

/** One pass with Adagrad at a rate. */
export async function accumulators(
  name: string,
  fields: Readonly<Record<string, Field>>,
  examples: Examples,
  { dim, lr, batchSize, epochs }: { dim: number; lr: number; batchSize: number; epochs: number },
): Promise<Accumulators> {
  // Vectors that begin near 0 have gradients that grow as they do, which is another matter.
  const init = { type: "normal", scale: 0.05 } as const;
  using model = new FactorizationMachine({ fields, dim, optimizer: { type: "adagrad", lr }, init, seed: 1 });
  await model.fit(examples, { batchSize, epochs });
  const counts = model.vectors.tallies();
  const { weights: state } = await readSafetensors(await model.vectors.save(), { tensor: "state.0" });
  const all = Array.from(counts, (count, row) => {
    const own = state.subarray(row * dim, (row + 1) * dim);
    return { count, accumulator: own.reduce((sum, value) => sum + value, 0) / dim };
  }).filter(({ count, accumulator }) => count > 0 && accumulator > 0);
  const line = fitted(all.map(({ count, accumulator }) => [Math.log(count), Math.log(accumulator)]));
  const step = Math.max(1, Math.floor(all.length / SHOWN));
  // By count, so that the frequent ones, which are few, are among those shown.
  const shown = all.sort((a, b) => b.count - a.count).filter((_, index) => index < 200 || index % step === 0);
  return { name, rows: shown, ...line };
}

/** Least squares. */
export function fitted(points: readonly (readonly [number, number])[]): { slope: number; r2: number } {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const xy = mean((point) => (point[0] - x) * (point[1] - y));
  const [xx, yy] = [mean((point) => (point[0] - x) ** 2), mean((point) => (point[1] - y) ** 2)];
  return { slope: xy / xx, r2: (xy * xy) / (xx * yy) };
}
