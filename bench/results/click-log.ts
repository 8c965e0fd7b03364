/** The synthetic click log: one pass over examples of 26 fields whose labels a planted factorization machine has made. */

import { type Examples, metricsOf } from "tallygrad/models";
import { fields as logFields, makeClickLog } from "../../examples/demo/click-log.js";
import type { Examples as Rows } from "../../examples/demo/dataset.js";
import { contestants } from "./contestants.js";
import { machineSetting, type Split } from "./machines.js";
import type { Setting } from "./study.js";

const SEEDS = [1, 2, 3];
const TRAIN = 1_500_000;
const HELD = 100_000;
export const batchSizes = [256, 2048, 16_384];

const names = logFields.map((_, index) => `field ${index + 1}`);
const fields = Object.fromEntries(logFields.map(({ size }, index) => [names[index], size]));

/** Settings (b): all contestants at 256, the house rule and its closest rivals at larger batches, DeepFM. */
export function clickLogSettings(): Setting[] {
  const few = contestants.filter(({ name }) =>
    /^(tallygrad|tallygrad, floor 0.5|adagrad, accumulator 1|adam|sgd)$/.test(name),
  );
  const same = { dim: 8, seeds: SEEDS, fields, splitOf };
  return [
    machineSetting({ ...same, name: "click-log-256", deep: false, contestants, fit: { batchSize: 256 } }),
    ...batchSizes
      .slice(1)
      .map((batchSize) =>
        machineSetting({ ...same, name: `click-log-${batchSize}`, deep: false, contestants: few, fit: { batchSize } }),
      ),
    machineSetting({ ...same, name: "click-log-deepfm", deep: true, contestants: few, fit: { batchSize: 1024 } }),
  ];
}

/** The loss of the planted model itself on a seed's test examples. */
export function oracleLoss(seed: number): number {
  return made(seed).oracle;
}

/** The training examples of a seed. */
export function clickLogData(seed: number): { examples: Examples; fields: Record<string, number> } {
  return { examples: splitOf(seed).train, fields };
}

function splitOf(seed: number): Split {
  return made(seed).split;
}

let last: { seed: number; split: Split; oracle: number } | undefined;

/** The last one made is kept. */
function made(seed: number): { split: Split; oracle: number } {
  if (last?.seed === seed) return last;
  const log = makeClickLog({ seed, trainExamples: TRAIN, testExamples: 2 * HELD });
  const columnsOf = ({ ids, count }: Rows, from: number, to: number): Examples["columns"] =>
    Object.fromEntries(
      logFields.map(({ offset }, field) => {
        const column = new Uint32Array(to - from);
        for (let example = from; example < to; example++) {
          column[example - from] = (ids[example * logFields.length + field] ?? 0) - offset;
        }
        return [names[field], column.subarray(0, count)];
      }),
    );
  const part = (rows: Rows, from: number, to: number): Examples => ({
    columns: columnsOf(rows, from, to),
    labels: rows.labels.slice(from, to),
  });
  const [validation, test] = [part(log.test, 0, HELD), part(log.test, HELD, 2 * HELD)];
  const predictions = Float64Array.from(
    log.test.trueLogits?.subarray(HELD) ?? [],
    (logit) => 1 / (1 + Math.exp(-logit)),
  );
  const oracle = metricsOf(predictions, test.labels).loss;
  last = { seed, split: { train: part(log.train, 0, TRAIN), validation, test }, oracle };
  return last;
}
