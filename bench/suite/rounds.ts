/** Contestants in turns: their answers are compared first, then all of them step in each round, so that a machine whose speed drifts treats all alike. */
import type { Batch, Shape } from "../workload.js";
import type { Contestant } from "./contestant.js";

/** Microseconds a step of one contestant. */
export interface Timing {
  contestant: string;
  /** Medians of the rounds. Those of the same round are neighbours in time, so ratios are taken of them. */
  rounds: number[];
  /** Of all steps. */
  p10: number;
  p90: number;
}

export interface Result {
  comparison: string;
  workload: string;
  timings: Timing[];
  /** Contestants that could not run, and why. */
  missing: Record<string, string>;
}

/** Steps before answers are compared. */
const STEPS = 2;
/** Answers of loops that round elsewhere. */
const NEAR = 1e-3;

export async function takeTurns(
  shape: Shape,
  batches: readonly Batch[],
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Omit<Result, "comparison" | "workload">> {
  const missing: Record<string, string> = {};
  const samples = new Map<Contestant, number[][]>();
  await checkAnswers(batches, contestants);
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      if (missing[contestant.name] !== undefined) continue;
      try {
        const micros = await contestant.turn(shape.stepsATurn);
        // The first turn of each touches pages and fills caches.
        if (round > 0) samples.set(contestant, [...(samples.get(contestant) ?? []), micros]);
      } catch (error) {
        missing[contestant.name] = String(error);
        samples.delete(contestant);
      }
    }
  }
  const timings = [...samples].map(([{ name }, turns]) => ({
    contestant: name,
    rounds: turns.map((micros) => quantile(micros, 0.5)),
    p10: quantile(turns.flat(), 0.1),
    p90: quantile(turns.flat(), 0.9),
  }));
  return { timings, missing };
}

/** Tables of the kernel must agree to the bit, other loops nearly. Other processes check their answers themselves. */
async function checkAnswers(batches: readonly Batch[], contestants: readonly Contestant[]): Promise<void> {
  const ids = batches[0]?.ids ?? new Uint32Array(0);
  const answers = new Map<string | undefined, { name: string; rows: Float32Array }>();
  for (const { name, turn, rows, answer, exact } of contestants) {
    if (rows === undefined) continue;
    await turn(STEPS);
    const found = rows(ids);
    const expected = answers.get(answer) ?? { name, rows: found };
    answers.set(answer, expected);
    const most = exact ? 0 : NEAR;
    const bad = found.findIndex((weight, at) => !(Math.abs(weight - (expected.rows[at] ?? Number.NaN)) <= most));
    if (bad >= 0) throw new Error(`${name} and ${expected.name} disagree about weight ${bad}`);
  }
}

export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * q)] ?? Number.NaN;
}

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** How many times as long `other` takes as `one`: the median over rounds. */
export function ratio(other: Timing, one: Timing): number {
  return median(other.rounds.map((micros, round) => micros / (one.rounds[round] ?? Number.NaN)));
}
