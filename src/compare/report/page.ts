/**
 * The report of a comparison: one self-contained HTML page that asks nothing of the network, light or dark by the reader's preference, laid out for
 * desktops and phones.
 */
import { countText, figureNames, figureText, type Rank, ranking, rateText } from "../ranking.js";
import type { Outcome, Study } from "../study.js";
import { colorOf, figure, isHouseRule, type Panel } from "./chart.js";
import { html, Markup } from "./html.js";
import { countPanel, curvePanel, ratePanel } from "./panels.js";
import { accumulatorsPanel, ratesPanel } from "./row-panels.js";
import { style } from "./style.js";

export interface Comparison {
  /** One line that says what the data is, with "synthetic" in it if it is. */
  readonly title: string;
  /** The model, and how every contestant was trained. */
  readonly method: string;
  /** What is shown of training: the loss on validation data, or of each example before it was learned from, or that above the oracle's. */
  readonly curve: "validation" | "progressive" | "above oracle";
  readonly examples: { readonly train: number; readonly validation: number; readonly test: number };
  /** Of the model that made the labels, by seed, if one did. */
  readonly oracle?: readonly number[];
  readonly study: Study;
  /** What speeds were measured on. */
  readonly machine: string;
  /** Whether it was interrupted, so that contestants are missing. */
  readonly interrupted?: boolean;
}

export function renderReport(comparison: Comparison): string {
  const { title, study, interrupted } = comparison;
  const names = new Set(study.outcomes.map(({ contestant }) => contestant));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tallygrad: ${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<p class="kicker">tallygrad · ${title}</p>
<h1>${count(names.size, "optimizer")} on the same data</h1>
${interrupted ? html`<p class="lede">This comparison was interrupted: contestants are missing.</p>` : null}
<p class="lede">${comparison.method}</p>
<h2>What each reached</h2>
${resultsTable(comparison)}
${tableNotes(comparison)}
${charts(comparison)}
<footer>${title}. Made by <code>tallygrad</code> on ${comparison.machine}. The same seeds give the same figures, times apart.</footer>
</main>
</body>
</html>
`.text;
}

function resultsTable({ study, oracle }: Comparison): Markup {
  const figures = figureNames(study.outcomes);
  const head = [...figures, "behind", "examples/s", "state bytes a row"].map((name) => html`<th>${name}</th>`);
  const rows = ranking(study).map((rank) => resultsRow(rank, figures));
  const known =
    oracle === undefined
      ? null
      : html`<tr class="oracle"><td>oracle<small>true probabilities</small></td>
<td>${(oracle.reduce((sum, loss) => sum + loss, 0) / oracle.length).toFixed(5)}</td>${head.slice(1).map(() => html`<td></td>`)}</tr>`;
  return html`<div class="scroll"><table>
<thead><tr><th>optimizer</th>${head}</tr></thead>
<tbody>
${rows}
${known}
</tbody></table></div>`;
}

function resultsRow(rank: Rank, figures: readonly string[]): Markup {
  const { contestant, diverged, behind, speed, stateBytes } = rank;
  const dot = html`<span class="dot" style="color: ${colorOf(contestant)}"></span>`;
  const best = behind === 0 ? html` class="best"` : null;
  return html`<tr${isHouseRule(contestant) ? html` class="house"` : null}>
<td>${dot}${contestant}<small>rate ${rateText(rank)}</small></td>
${figures.map((name) => html`<td${best}>${meanAndSpread(figureText(rank, name))}</td>`)}
<td>${diverged ? "" : behind.toFixed(5)}</td><td>${countText(speed)}</td><td>${countText(stateBytes)}</td></tr>
`;
}

function meanAndSpread(text: string): Markup {
  const [mean = "", spread] = text.split(" ± ");
  return html`${mean}${spread === undefined ? null : html`<small>± ${spread}</small>`}`;
}

function tableNotes({ study, examples, oracle }: Comparison): Markup {
  const { train, validation, test } = examples;
  const seeds = study.seeds.length;
  return html`<p class="notes">Trained on ${countText(train)}, validated on ${countText(validation)} and tested on ${countText(test)} examples.
${seeds === 1 ? "One seed" : `Means over ${seeds} seeds ± half the distance from the least to the greatest; seeds differ by more than rules do, so`}
<em>behind</em> is the ${seeds === 1 ? "" : "mean "}distance to the best on the same seed.
${study.outcomes.some(({ tuned }) => tuned !== undefined) ? "Rates were searched for with the first seed, on validation data, by factors of 2 and then of √2; “an edge” marks a best rate beyond which nothing was tried." : ""}
${oracle === undefined ? "" : "The labels are drawn from a planted model, whose own predictions are the oracle."}
State: what the rule keeps beside the weights, a row; a tally of 4 bytes is charged to the rules that read it.</p>`;
}

const curveTitles = {
  validation: "Validation loss",
  progressive: "Loss of each example before it was learned from",
  "above oracle": "Loss of each example before it was learned from, above the oracle’s",
};

function charts(comparison: Comparison): Markup {
  const { study, curve } = comparison;
  const synthetic = /synthetic/i.test(comparison.title) ? " Synthetic data." : "";
  const seed = `First seed (${study.seeds[0]}), each rule at its rate in the table; `;
  const accumulated = study.outcomes.flatMap(accumulatorsOf);
  return html`
${section(
  "How the loss fell",
  curvePanel(study, curveTitles[curve]),
  `${seed}${curve === "validation" ? "the best weights are kept and tested" : "means over stretches of training"}. What rises above the frame is cut off.${synthetic}`,
)}
${section(
  "What a wrong rate costs",
  ratePanel(study),
  `First seed; every rate that the search tried, but those that are worse than the best of all by more than 0.03, or diverge.${synthetic}`,
)}
${section(
  "Rare rows and frequent rows",
  countPanel(study),
  `Test examples by the training count of their rarest row, in classes of a factor of two with 200 examples or more; mean over seeds. Below zero is better.${synthetic}`,
)}
${section(
  "The rate and the count",
  ratesPanel(study),
  `${seed}a dot is a row of the vectors after training: the rate it would get if it occurred once more. Rules with a rate for each element show the mean. Dashed, the same everywhere: 1/√count.${synthetic}`,
)}
${section(
  "What Adagrad remembers",
  accumulatorsPanel(accumulated),
  `First seed: sums of squared gradients, which Adagrad keeps for each weight, against the count, which is one integer a row. Slope and R² are of the line through the logarithms of all rows that occurred. Dashed: in proportion.${synthetic}`,
)}`;
}

function accumulatorsOf({ contestant, tuned, runs }: Outcome): Parameters<typeof accumulatorsPanel>[0] {
  const found = runs[0]?.accumulators;
  return found === undefined ? [] : [{ name: `${contestant}${tuned === undefined ? ", given rate" : ""}`, ...found }];
}

function section(title: string, panel: Panel | undefined, caption: string): Markup | null {
  return panel === undefined ? null : html`<h2>${title}</h2>${figure([panel], html`${caption}`)}`;
}

const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"];

function count(number: number, what: string): string {
  const word = words[number] ?? String(number);
  return `${word.charAt(0).toUpperCase()}${word.slice(1)} ${what}${number === 1 ? "" : "s"}`;
}
