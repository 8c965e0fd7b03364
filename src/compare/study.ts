/** Runs contestants on one setting: each at its tuned rate, and at its default if it has one, with several seeds. */
import type { Contestant } from "./contestants.js";
import type { CountAnd, Line } from "./samples.js";
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
  /** Rates of some rows after training. */
  rates?: CountAnd[];
  /** Accumulated squared gradients of some rows, where the rule has them. */
  accumulators?: { rows: CountAnd[] } & Line;
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
  tuned?: Found;
  runs: Run[];
}

export interface Study {
  setting: string;
  seeds: readonly number[];
  outcomes: readonly Outcome[];
}

/** What a study is told besides its setting. */
export interface StudyOptions {
  /** Outcomes that are there already. */
  known?: readonly Outcome[];
  /** Told of a run before it begins. */
  onRun?: (contestant: string, rate: number, seed: number) => void;
  /** Told of all outcomes so far, whenever one more is there. */
  onOutcome?: (outcomes: readonly Outcome[]) => void;
}

export async function study(setting: Setting, options: StudyOptions = {}): Promise<Study> {
  const { seeds } = setting;
  const outcomes = [...(options.known ?? [])];
  for (const contestant of setting.contestants) {
    const waysThere = outcomes.filter(({ contestant: name }) => name === contestant.name);
    for (const tuned of waysOf(contestant)) {
      if (waysThere.some((outcome) => (outcome.tuned !== undefined) === tuned)) continue;
      outcomes.push(await outcomeOf(setting, contestant, tuned, options.onRun));
      options.onOutcome?.(outcomes);
    }
  }
  return { setting: setting.name, seeds, outcomes };
}

/** At its default, tuned, or both. */
function waysOf({ standard, search = true }: Contestant): boolean[] {
  return [...(standard === undefined ? [] : [false]), ...(search ? [true] : [])];
}

async function outcomeOf(
  setting: Setting,
  contestant: Contestant,
  tuned: boolean,
  onRun: StudyOptions["onRun"],
): Promise<Outcome> {
  const [first = 0] = setting.seeds;
  const known = new Map<number, Run>();
  const runAt = async (rate: number, seed: number): Promise<Run> => {
    const before = seed === first ? known.get(rate) : undefined;
    if (before !== undefined) return before;
    onRun?.(contestant.name, rate, seed);
    const run = await setting.run(contestant, rate, seed);
    if (seed === first) known.set(rate, run);
    return run;
  };
  const found = tuned
    ? await searchRate(contestant.start, async (rate) => (await runAt(rate, first)).validation)
    : undefined;
  const rate = found?.rate ?? contestant.standard ?? contestant.start;
  const runs: Run[] = [];
  for (const seed of setting.seeds) runs.push(await runAt(rate, seed));
  // What is drawn is drawn of the first seed.
  const kept = runs.map((run, at) => (at === 0 ? run : withoutDrawings(run)));
  return { contestant: contestant.name, rate, ...(found && { tuned: found }), runs: kept };
}

function withoutDrawings({ rates: _, accumulators: __, ...run }: Run): Run {
  return { ...run, curve: [] };
}

/** An outcome in words. */
export function summaryOf({ contestant, rate, tuned, runs }: Outcome): string {
  const figures = Object.keys(runs[0]?.test ?? {}).map(
    (name) => `${name} ${spreadOf(runs.map(({ test }) => test[name] ?? Number.NaN))}`,
  );
  const edge = tuned && !tuned.interior ? ", an edge of what was tried" : "";
  return `${contestant}, lr ${shortRate(rate)}${tuned ? edge : " (default)"}: ${figures.join(", ")}`;
}

export function shortRate(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** Mean, and half the distance from the least to the greatest. */
export function spreadOf(numbers: readonly number[], digits = 5): string {
  if (!numbers.every(Number.isFinite)) return "diverged";
  if (numbers.length === 1) return mean(numbers).toFixed(digits);
  return `${mean(numbers).toFixed(digits)} ± ${((Math.max(...numbers) - Math.min(...numbers)) / 2).toFixed(digits)}`;
}
