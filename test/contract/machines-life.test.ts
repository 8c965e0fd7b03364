/** What machines answer while they are trained or saved, and after they were disposed of. */
import { describe, expect, test } from "vitest";
import { expectRefused, kinds, part, someExamples } from "./support/machines.js";
import { Random, seed } from "./support/random.js";

const examples = someExamples(new Random(seed), 240);

describe.each(kinds)("%s", (_, create) => {
  test("those that would change the model or save it are refused, others answer", async () => {
    const [model, controller] = [create(), new AbortController()];
    const training = model.fit(examples, { epochs: 100_000, batchSize: 24, signal: controller.signal });
    const refusal = { code: "ERR_TRAINING" } as const;
    await expectRefused(() => model.fit(examples), refusal);
    await expectRefused(() => model.partialFit(examples), refusal);
    await expectRefused(() => model.save(), refusal);
    expect(model.predict(examples)).toHaveLength(240);
    expect((await model.evaluate(examples)).examples).toBe(240);
    using copy = model.clone();
    copy.partialFit(examples);
    controller.abort(new Error("enough"));
    await expect(training).rejects.toThrow("enough");
    model.partialFit(examples);
    await model.save();
  });

  test("disposal ends training", async () => {
    const model = create();
    const training = model.fit(examples, { epochs: 100_000, batchSize: 24 });
    model.dispose();
    await expectRefused(() => training, { code: "ERR_DISPOSED" });
    const other = create();
    const onProgress = (): void => other.dispose();
    const stopping = { validation: part(examples, 0, 9), earlyStopping: true, onProgress };
    await expectRefused(() => other.fit(examples, { epochs: 9, ...stopping }), { code: "ERR_DISPOSED" });
  });

  test("after disposal nothing answers", async () => {
    const model = create();
    model.dispose();
    model[Symbol.dispose]();
    const calls: (() => unknown)[] = [
      () => model.fit(examples),
      () => model.partialFit(examples),
      () => model.predict(examples),
      () => model.evaluate(examples),
      () => model.save(),
      () => model.clone(),
      () => model.fingerprint(),
    ];
    for (const call of calls) await expectRefused(call, { code: "ERR_DISPOSED" });
  });

  test("while it is saved it cannot be trained, and stays as it is", async () => {
    const model = create();
    model.partialFit(examples);
    const before = model.fingerprint();
    const saving = model.save();
    await expectRefused(() => model.partialFit(examples), { code: "ERR_SAVING" });
    await expectRefused(() => model.fit(examples), { code: "ERR_SAVING" });
    await saving;
    expect(model.fingerprint()).toBe(before);
    model.partialFit(examples);
  });
});
