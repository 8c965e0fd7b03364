/** The synthetic click log: one pass over examples of 26 fields whose labels a planted factorization machine has made. */

import type { Examples } from "tallygrad/models";
import { contestants } from "../../src/compare/contestants.js";
import { machineSetting, type Split } from "../../src/compare/machines.js";
import type { Setting } from "../../src/compare/study.js";
import { type ClickLog, clickLogFields, makeClickLog, oracleOf, sliceLog } from "../../src/synthetic/click-log.js";

const SEEDS = [1, 2, 3];
const TRAIN = 1_500_000;
const HELD = 100_000;
export const batchSizes = [256, 2048, 16_384];

const fields = clickLogFields;

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
export function clickLogData(seed: number): { examples: Examples; fields: Readonly<Record<string, number>> } {
  return { examples: splitOf(seed).train, fields };
}

function splitOf(seed: number): Split {
  return made(seed).split;
}

let last: { seed: number; split: Split; oracle: number } | undefined;

/** The last one made is kept. */
function made(seed: number): { split: Split; oracle: number } {
  if (last?.seed === seed) return last;
  const log = makeClickLog(seed, TRAIN + 2 * HELD);
  const part = (from: number, to: number): ClickLog => sliceLog(log, from, to);
  const [train, validation, test] = [part(0, TRAIN), part(TRAIN, TRAIN + HELD), part(TRAIN + HELD, TRAIN + 2 * HELD)];
  const split = { train: train.examples, validation: validation.examples, test: test.examples };
  last = { seed, split, oracle: oracleOf(test) };
  return last;
}
