/** Evaluation: what metricsOf says of predictions, and how often the rarest rows were trained on, counted by hand. */
import { type Examples, FactorizationMachine, type Machine, metricsOf } from "tallygrad/models";
import { describe, expect, test } from "vitest";
import { at } from "../oracle/at.js";
import { cellsOf } from "../oracle/machine-values.js";
import { fields, kinds, part, pieces, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

/** How often each example's rarest row occurred in these examples; 0 where an example has no values. */
function rarest(trained: Examples, asked: Examples): Float64Array {
  const counts = new Map<number, number>();
  for (const { row } of cellsOf(fields, trained.columns).flat(2)) counts.set(row, (counts.get(row) ?? 0) + 1);
  return Float64Array.from(cellsOf(fields, asked.columns), (cells) => {
    const own = cells.flat().map(({ row }) => counts.get(row) ?? 0);
    return own.length === 0 ? 0 : Math.min(...own);
  });
}

/** Mean loss in float64, of float32 predictions that are not 0 or 1. */
function meanLoss(model: Machine, { columns, labels, weights }: Examples): number {
  const sums = { loss: 0, weight: 0 };
  for (const [example, p] of model.predict({ columns }).entries()) {
    const [label, weight] = [at(labels, example), weights?.[example] ?? 1];
    sums.loss += weight * (model.loss === "squared" ? (p - label) ** 2 / 2 : -Math.log(label === 1 ? p : 1 - p));
    sums.weight += weight;
  }
  return sums.loss / sums.weight;
}

const wanted = (["logistic", "squared"] as const).flatMap((loss) =>
  [true, false].map((weighted) => ({ loss, weighted })),
);
const cases = kinds.flatMap(([name, create]) => wanted.map((own) => ({ name, create, ...own })));

describe.each(cases)(`$name, $loss, weighted: $weighted (seed ${seed})`, ({ create, loss, weighted }) => {
  const random = new Random(seed);
  const trained = someExamples(random, 60, { loss, weighted });
  const asked = someExamples(random, 90, { loss, weighted });

  test("is what metricsOf says of predictions", async () => {
    using model = create({ loss });
    model.partialFit(trained);
    const { weights } = asked;
    const options = { loss, counts: rarest(trained, asked), ...(weights && { weights }) };
    const metrics = await model.evaluate(asked);
    expect(metrics).toEqual(metricsOf(model.predict(asked), asked.labels, options));
    expect(metrics.loss).toBeCloseTo(meanLoss(model, asked), 6);
    expect(metrics.auc === undefined).toBe(loss === "squared");
    expect(metrics.byCount.reduce((sum, { examples }) => sum + examples, 0)).toBe(90);
    expect(metrics.byCount.length).toBeGreaterThan(2);
  });

  test("of pieces is that of all, and changes nothing", async () => {
    using model = create({ loss });
    model.partialFit(trained);
    const before = model.fingerprint();
    const whole = await model.evaluate(asked);
    const asTheyCome = (async function* () {
      yield* pieces(asked, 40);
    })();
    for (const data of [pieces(asked, 7), asTheyCome]) expect(await model.evaluate(data)).toEqual(whole);
    expect(model.fingerprint()).toBe(before);
  });
});

test("more examples than are predicted at once", async () => {
  const asked = someExamples(new Random(seed), 8192 + 100);
  using model = new FactorizationMachine({ fields, dim: 2, init: { type: "normal", scale: 0.3 } });
  const all = model.predict(asked);
  expect(all.subarray(8150)).toEqual(model.predict(part(asked, 8150, 8292)));
  expect((await model.evaluate(asked)).loss).toBeCloseTo(meanLoss(model, asked), 6);
});

test("weights of pieces without any are 1", async () => {
  const asked = someExamples(new Random(seed), 40);
  const [first, second] = [part(asked, 0, 20), part(asked, 20, 40)];
  using model = new FactorizationMachine({ fields });
  const weights = new Float32Array(20).fill(3);
  const all = Float32Array.from({ length: 40 }, (_, example) => (example < 20 ? 3 : 1));
  expect(await model.evaluate([{ ...first, weights }, second])).toEqual(
    await model.evaluate({ ...asked, weights: all }),
  );
});

test("classes are by the rarest row, and calibration is mean prediction by mean label", async () => {
  const options = { fields: { user: 4, film: 4 }, loss: "squared", optimizer: { type: "sgd", lr: 1e-9 } } as const;
  using model = new FactorizationMachine({ ...options, intercept: 3, init: { type: "zeros" } });
  // User 0 occurs 5 times, user 1 twice, user 2 once; film 0 eight times.
  model.partialFit({
    columns: { user: [0, 0, 0, 0, 0, 1, 1, 2], film: new Uint32Array(8) },
    labels: new Float32Array(8).fill(3),
  });
  const columns = { user: [0, 1, 2, 3, 0], film: [0, 0, 0, 0, 1] };
  const { byCount, calibration, reliability } = await model.evaluate({ columns, labels: [3, 1, 1, 2, 1] });
  expect(byCount.map(({ from, below, examples }) => [from, below, examples])).toEqual([
    [0, 1, 2],
    [1, 2, 1],
    [2, 4, 1],
    [4, 8, 1],
  ]);
  expect(byCount.map(({ loss }) => loss)).toEqual([(1 + 4) / 4, 2, 2, 0]);
  expect(calibration).toBeCloseTo(3 / (8 / 5), 12);
  expect(reliability).toHaveLength(5);
});

test("of nothing is NaN", async () => {
  using model = new FactorizationMachine({ fields });
  for (const data of [part(someExamples(new Random(seed), 1), 0, 0), []]) {
    const { examples, loss, auc, byCount } = await model.evaluate(data);
    expect([examples, loss, auc, byCount]).toEqual([0, Number.NaN, undefined, []]);
  }
});
