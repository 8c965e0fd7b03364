/** docs/results.md, made of what the experiments gave. */
import * as Plot from "@observablehq/plot";
import type { Accumulators } from "./accumulators.js";
import { colorOf, figure } from "./figure.js";
import type { Outcome, Run, Study } from "./study.js";
import type { RowResult } from "./theory.js";

export interface Results {
  studies: readonly Study[];
  /** By setting, the loss of the model that made the labels, averaged over seeds. */
  oracle: number | undefined;
  theory: readonly { name: string; rows: readonly RowResult[] }[];
  accumulators: readonly Accumulators[];
  machine: string;
  date: string;
}

/** What readers are told of each study. */
const STUDIES: Readonly<Record<string, { title: string; text: string }>> = {
  "movielens-ids": {
    title: "MovieLens-1M, user and film",
    text: "A factorization machine of 16 floats a vector. Label: 4 stars or more. Random shares of 80, 10 and 10 %; batches of 1,024, at most ten epochs, validated every half epoch, stopped when two epochs brought nothing better, tested where validation was best.",
  },
  "movielens-all": {
    title: "MovieLens-1M, all features",
    text: "The same with gender, age, occupation, zip code and genres (a bag, averaged).",
  },
  "movielens-deepfm": {
    title: "MovieLens-1M, DeepFM",
    text: "All features, 7 × 16 → 64 → 32 → 1 beside the machine; the layers learn by Adam at 0.001 whatever the contestant; at most four epochs.",
  },
  "click-log-256": {
    title: "Synthetic click log, batches of 256",
    text: "26 fields, 771 thousand ids, 1.5 million examples in one pass, labels of a planted factorization machine with noise; 8 floats a vector. Rates are chosen on 100,000 examples and tested on 100,000 others. Each seed is another planted model.",
  },
  "click-log-2048": { title: "Synthetic click log, batches of 2,048", text: "The same." },
  "click-log-16384": { title: "Synthetic click log, batches of 16,384", text: "The same: 92 steps in all." },
  "click-log-deepfm": {
    title: "Synthetic click log, DeepFM",
    text: "26 × 8 → 64 → 32 → 1 beside the machine, batches of 1,024, one pass.",
  },
  words: {
    title: "Skip-gram",
    text: "4.84 million words of public-domain books, three epochs; window 5, 5 negatives, 100 floats, words that occur 5 times or more, subsampling 1e-3, steps of 1,024 words. Judged by Spearman's correlation with WordSim-353 (by which rates are chosen as well, for every contestant alike) and SimLex-999.",
  },
};

export function page(results: Results): string {
  return [
    intro(results),
    ...results.studies.flatMap(section),
    wordBatches(results.studies),
    theory(results),
    accumulated(results),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function intro({ machine, date, oracle }: Results): string {
  const planted =
    oracle === undefined
      ? ""
      : ` On the click log, the model that made the labels has a log-loss of ${oracle.toFixed(4)}.`;
  return `# Results

Every figure here is made by \`npm run results -- --data DIR\`, where \`DIR\` has MovieLens-1M in \`ml-1m\`, \`text/books-pd.txt.gz\` and \`wordsim/\`; none of these
data are part of this repository. Without \`--data\` only the synthetic click log and the theory are made. Last made on ${date}, ${machine}.

How to read the tables: each contestant ran with three seeds, at its default rate if it has one and at the rate that was best in a search with the first seed
(factors of 2, then of √2; **edge** where the best was the lowest or highest that was tried). Numbers are means ± half the distance from the least to the greatest. Seeds are
other splits or other planted models, so they differ by more than contestants do: *behind* is the mean, over seeds, of the difference to the best on the same
seed. \`tallygrad, floor 0.5\` at 0.06 is what the models of \`tallygrad/models\` take if nothing is said.${planted}`;
}

function section(study: Study): string[] {
  const told = STUDIES[study.setting];
  if (told === undefined) return [];
  const words = study.setting === "words";
  const parts = [`## ${told.title}`, told.text, table(study, words)];
  if (!words) parts.push(rates(study), curves(study), buckets(study));
  return parts.filter((part) => part !== "");
}

const nameOf = ({ contestant, tuned }: Outcome): string => (tuned ? contestant : `${contestant}, default`);

function table({ outcomes }: Study, words: boolean): string {
  const [first = "", second = ""] = Object.keys(outcomes[0]?.runs[0]?.test ?? {});
  const better = words ? -1 : 1;
  const value = (run: Run | undefined): number => better * (run?.test[first] ?? Number.NaN);
  const best = (outcomes[0]?.runs ?? []).map((_, seed) =>
    Math.min(...outcomes.map(({ runs }) => value(runs[seed])).filter(Number.isFinite)),
  );
  const rows = outcomes
    .map((outcome) => ({ outcome, behind: mean(outcome.runs.map((run, seed) => value(run) - (best[seed] ?? 0))) }))
    .sort((a, b) => (Number.isFinite(a.behind) ? a.behind : 9) - (Number.isFinite(b.behind) ? b.behind : 9))
    .map(({ outcome, behind }) => {
      const { runs, rate, tuned } = outcome;
      const of = (name: string, digits: number): string =>
        spread(
          runs.map(({ test }) => test[name] ?? Number.NaN),
          digits,
        );
      const edge = tuned && !tuned.interior ? " **edge**" : "";
      const bytes = runs[0]?.stateBytes ?? Number.NaN;
      const speed = mean(runs.map((run) => run.speed)) / 1e6;
      return [
        nameOf(outcome),
        `${Number(rate.toPrecision(3))}${edge}`,
        of(first, words ? 4 : 5),
        Number.isFinite(behind) ? behind.toFixed(words ? 4 : 5) : "",
        of(second, 4),
        Number.isFinite(bytes) ? bytes.toFixed(0) : "",
        Number.isFinite(speed) ? speed.toFixed(2) : "",
      ].join(" | ");
    });
  const unit = words ? "M words/s" : "M examples/s";
  const head = ["rule", "rate", first, "behind", second, "state bytes a row", unit];
  return [
    `| ${head.join(" | ")} |`,
    `| ${head.map((_, at) => (at === 0 ? "---" : "---:")).join(" | ")} |`,
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}

/** How much a wrong rate costs. */
function rates({ setting, outcomes }: Study): string {
  const points = outcomes.flatMap(({ contestant, tuned }) =>
    (tuned?.tried ?? [])
      .filter(({ loss }) => Number.isFinite(loss))
      .map((one) => ({ contestant, ...one, factor: one.rate / (tuned?.rate ?? 1) })),
  );
  if (points.length === 0) return "";
  const least = Math.min(...points.map(({ loss }) => loss));
  const shown = points.filter(({ loss }) => loss < least + 0.03);
  return `${figure(`${setting}-rates`, "Validation loss by learning rate, as a factor of each rule's best", {
    height: 300,
    marginLeft: 56,
    x: {
      type: "log",
      base: 2,
      label: "rate / best rate",
      tickFormat: (x: number) => `${x < 1 ? `1/${1 / x}` : x}`,
      ticks: [0.125, 0.25, 0.5, 1, 2, 4, 8],
    },
    y: { label: "validation loss", grid: true },
    marks: [
      Plot.lineY(shown, { x: "factor", y: "loss", z: "contestant", stroke: ({ contestant }) => colorOf(contestant) }),
      Plot.dot(shown, { x: "factor", y: "loss", r: 2, fill: ({ contestant }) => colorOf(contestant) }),
    ],
  })}

*Validation loss of the first seed by rate. Orange: \`tallygrad\`; yellow: \`cf-sgd\` and \`fa-sgd\`; blue: Adagrad; purple: Adam; grey: SGD. Rates that are worse than the best by more than 0.03, or diverge, are left out.*`;
}

function curves({ setting, outcomes }: Study): string {
  const shown = outcomes.filter(
    ({ contestant, tuned }) => (tuned !== undefined && tuned !== null) || contestant === "tallygrad",
  );
  const lines = shown.flatMap((outcome) =>
    (outcome.runs[0]?.curve ?? []).map((point) => ({ name: nameOf(outcome), ...point })),
  );
  const settled = lines.filter(({ at }) => at > Math.max(...lines.map((line) => line.at)) / 8);
  if (settled.length === 0) return "";
  const high = [...settled].sort((a, b) => a.loss - b.loss)[Math.floor(settled.length * 0.95)]?.loss ?? 1;
  const kind = setting.startsWith("movielens")
    ? "Validation loss"
    : "Progressive loss (each example before it is learned from)";
  return `${figure(`${setting}-curves`, `${kind} during training`, {
    height: 300,
    marginLeft: 56,
    x: { label: "examples", tickFormat: "~s" },
    y: { label: "log-loss", grid: true, domain: [Math.min(...settled.map(({ loss }) => loss)), high] },
    marks: [Plot.lineY(lines, { x: "at", y: "loss", z: "name", stroke: ({ name }) => colorOf(name), clip: true })],
  })}

*${kind} of the first seed, each rule at its tuned rate. Colours as above.*`;
}

/** Who gains where: losses by count of the rarest row, beside SGD's. */
function buckets({ setting, outcomes }: Study): string {
  const base = outcomes.find(({ contestant, tuned }) => contestant === "sgd" && tuned);
  if (base === undefined) return "";
  const shown = outcomes.filter(
    ({ contestant, tuned }) => tuned && /^(tallygrad|cf-sgd, normalised, capped|adagrad|adam)$/.test(contestant),
  );
  const points = shown.flatMap(({ contestant, runs }) =>
    (base.runs[0]?.byCount ?? []).flatMap(({ from, examples }, bucket) => {
      if (examples < 200) return [];
      const differences = runs.map(
        (run, seed) =>
          (run.byCount?.find((one) => one.from === from)?.loss ?? Number.NaN) -
          (base.runs[seed]?.byCount?.[bucket]?.loss ?? Number.NaN),
      );
      return [{ contestant, from: Math.max(from, 0.5), difference: mean(differences.filter(Number.isFinite)) }];
    }),
  );
  return `${figure(`${setting}-counts`, "Loss beside SGD's by the count of an example's rarest row", {
    height: 260,
    marginLeft: 56,
    x: { type: "log", base: 2, label: "count of the rarest row", tickFormat: "~s" },
    y: { label: "log-loss − SGD's", grid: true },
    marks: [
      Plot.ruleY([0]),
      Plot.lineY(points, {
        x: "from",
        y: "difference",
        z: "contestant",
        stroke: ({ contestant }) => colorOf(contestant),
        marker: "circle",
      }),
    ],
  })}

*Test loss minus that of tuned SGD, by how often the rarest row of an example was trained on; mean over seeds, classes of 200 examples or more.*`;
}

function wordBatches(studies: readonly Study[]): string {
  const sizes = studies.flatMap(({ setting, outcomes }) => {
    const size = /^words-(\d+)$/.exec(setting)?.[1] ?? (setting === "words" ? "1024" : undefined);
    const outcome = outcomes.find(({ contestant, tuned }) => contestant === "tallygrad" && tuned);
    return size === undefined || outcome === undefined ? [] : [{ size: Number(size), outcome }];
  });
  if (sizes.length === 0) return "";
  const rows = sizes
    .sort((a, b) => a.size - b.size)
    .map(
      ({ size, outcome }) =>
        `| ${size} | ${Number(outcome.rate.toPrecision(3))} | ${spread(
          outcome.runs.map(({ test }) => test["WordSim-353"] ?? Number.NaN),
          4,
        )} | ${(mean(outcome.runs.map(({ speed }) => speed)) / 1e6).toFixed(2)} |`,
    );
  return `### How many words a step may have

A step sums the gradients of a word's occurrences; if they are too many it oscillates. \`tallygrad\` at the rate that is best for each size (32 words are about a sentence):

| words a step | rate | WordSim-353 | M words/s |
| ---: | ---: | ---: | ---: |
${rows.join("\n")}`;
}

function theory({ theory }: Results): string {
  if (theory.length === 0) return "";
  const points = theory.flatMap(({ name, rows }) => rows.map((row) => ({ name, ...row })));
  const chart = figure("theory", "Speed-ups of rows over SGD by rank, for three distributions", {
    height: 320,
    marginLeft: 56,
    fx: { label: null, domain: theory.map(({ name }) => name) },
    x: { type: "log", label: "rank of the row", ticks: 3, tickFormat: "~s" },
    y: { type: "log", label: "times as many steps of SGD", grid: true, tickFormat: "~s" },
    marks: [
      Plot.ruleY([1]),
      Plot.lineY(points, { fx: "name", x: "rank", y: "bound", stroke: "var(--soft)", strokeDasharray: "4 3" }),
      Plot.lineY(points, { fx: "name", x: "rank", y: "exact", stroke: "var(--counts)" }),
      Plot.dot(points, { fx: "name", x: "rank", y: "fa", r: 2, stroke: "var(--adagrad)" }),
      Plot.dot(points, { fx: "name", x: "rank", y: "cf", r: 2, fill: "var(--tallygrad)" }),
    ],
  });
  const rows = theory.map(({ name, rows }) => {
    const tail = rows.filter(({ bound }) => bound > 10);
    const shares = tail.map(({ exact, bound }) => exact / bound);
    const head = rows.slice(0, 5);
    const least = (of: "exact" | "fa" | "cf"): string => Math.min(...head.map((row) => row[of])).toFixed(2);
    const range = shares.length === 0 ? "" : `${Math.min(...shares).toFixed(2)} to ${Math.max(...shares).toFixed(2)}`;
    return `| ${name} | ${least("exact")} | ${least("fa")} | ${least("cf")} | ${range} |`;
  });
  return `## Theory

A row that occurs with probability p learns Σp²/p times as fast as with SGD, say the bounds (after Li et al., 2022). Here is what is: 100 rows of ½|w − w*|², noise of variance 1 a element, 1,000,000
steps, every rule at the rate that its bound is best at. *Times as many steps* is how long a run SGD needs for the same mean squared gradient of that row.

${chart}

*Dashed: Σp²/p. Line: FA-SGD, exactly, by recursion. Rings: \`fa-sgd\`, dots: \`cf-sgd\` with a horizon, through tables, one occurrence a step, mean over three seeds.*

| tail | slowest of the first 5 rows, exact | \`fa-sgd\` | \`cf-sgd\` | speed-up / bound, where the bound is above 10 |
| --- | ---: | ---: | ---: | ---: |
${rows.join("\n")}`;
}

function accumulated({ accumulators }: Results): string {
  if (accumulators.length === 0) return "";
  const points = accumulators.flatMap(({ name, rows }) => rows.map((row) => ({ name, ...row })));
  const chart = figure("accumulators", "Adagrad's accumulators by count", {
    height: 300,
    marginLeft: 64,
    fx: { label: null },
    x: { type: "log", label: "count", tickFormat: "~s" },
    y: { type: "log", label: "mean accumulator", tickFormat: "~g", grid: true },
    marks: [
      Plot.dot(points, { fx: "name", x: "count", y: "accumulator", r: 1.2, fill: "var(--adagrad)", fillOpacity: 0.6 }),
    ],
  });
  const lines = accumulators.map(({ name, slope, r2 }) => `| ${name} | ${slope.toFixed(2)} | ${r2.toFixed(2)} |`);
  return `## What Adagrad remembers

Sums of squared gradients, one for each weight, grow with the row's count: that is why a count can stand in for them. First vectors have a deviation of 0.05 here.

${chart}

| data | slope | R² |
| --- | ---: | ---: |
${lines.join("\n")}

*The line through the logarithms of all rows that occurred.*`;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function spread(numbers: readonly number[], digits: number): string {
  if (!numbers.every(Number.isFinite)) return "diverged";
  return `${mean(numbers).toFixed(digits)} ± ${((Math.max(...numbers) - Math.min(...numbers)) / 2).toFixed(digits)}`;
}
