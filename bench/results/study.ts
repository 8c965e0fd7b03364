/** Runs contestants on one setting: each at its tuned rate, and at its default if it has one, with several seeds. */
import type { Contestant } from "./contestants.js";
import { readRecord, writeRecord } from "./records.js";
import { type Found, searchRate } from "./search.js";

/** What one run came to. */
export interface Run {
  /** What rates are chosen by. Infinity if training diverged. */
  validation: number;
  /** Named figures on test data. */
  test: Record<string, number>;
  /** The loss as training went on. */
  curve: { at: number; loss: number }[];
  /** Examples or words a second. */
  speed: number;
  /** What its tables need besides weights, a row: state, and the tally where the rule reads it. */
  stateBytes: number;
  /** Losses by how often the rarest row of an example was seen. */
  byCount?: { from: number; below: number; examples: number; loss: number }[];
}

/** Something that contestants are run on. */
export interface Setting {
  name: string;
  seeds: readonly number[];
  contestants: readonly Contestant[];
  run(contestant: Contestant, rate: number, seed: number): Promise<Run>;
}

/** A contestant's results. */
export interface Outcome {
  contestant: string;
  /** The rate that all runs had, and how it was found, if it was. */
  rate: number;
  tuned: Found | undefined;
  runs: Run[];
}

export interface Study {
  setting: string;
  seeds: readonly number[];
  outcomes: Outcome[];
}

/** All outcomes of a setting, those that are there already from an earlier, interrupted call. */
export async function study(setting: Setting, tell: (text: string) => void): Promise<Study> {
  const outcomes = readRecord<Outcome[]>(setting.name) ?? [];
  const [first = 0] = setting.seeds;
  for (const contestant of setting.contestants) {
    for (const tuned of contestant.standard === undefined ? [true] : [false, true]) {
      const there = outcomes.find(
        (outcome) =>
          outcome.contestant === contestant.name && (outcome.tuned !== undefined && outcome.tuned !== null) === tuned,
      );
      if (there !== undefined) continue;
      const known = new Map<number, Run>();
      const runAt = async (rate: number, seed: number): Promise<Run> => {
        const before = seed === first ? known.get(rate) : undefined;
        const run = before ?? (await setting.run(contestant, rate, seed));
        if (seed === first) known.set(rate, run);
        return run;
      };
      const found = tuned
        ? await searchRate(contestant.start, async (rate) => (await runAt(rate, first)).validation)
        : undefined;
      const rate = found?.rate ?? contestant.standard ?? contestant.start;
      const runs: Run[] = [];
      for (const seed of setting.seeds) runs.push(await runAt(rate, seed));
      // Curves are drawn of the first seed.
      const kept = runs.map((run, at) => (at === 0 ? run : { ...run, curve: [] }));
      outcomes.push({ contestant: contestant.name, rate, tuned: found, runs: kept });
      writeRecord(setting.name, outcomes);
      tell(`${setting.name}: ${contestant.name} at ${rate}${tuned ? "" : " (default)"}: ${summary(runs)}`);
    }
  }
  return { setting: setting.name, seeds: setting.seeds, outcomes };
}

function summary(runs: readonly Run[]): string {
  const names = Object.keys(runs[0]?.test ?? {});
  return names.map((name) => `${name} ${spreadOf(runs.map(({ test }) => test[name] ?? Number.NaN))}`).join(", ");
}

/** Mean, and half the distance from the least to the greatest. */
export function spreadOf(numbers: readonly number[]): string {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return `${mean.toFixed(5)} ± ${((Math.max(...numbers) - Math.min(...numbers)) / 2).toFixed(5)}`;
}
