/**
 * The report's sentences: what was done, how it was measured, and how the house rule compares, whichever way that went. Every
 * number in them comes from the results.
 */
import { formatCount, formatLoss } from "../format.js";
import type { Recipe } from "../recipes.js";
import type { Results } from "../results.js";
import type { Run } from "../run.js";
import { isHouseRule } from "./chart.js";
import { html, type Markup } from "./html.js";

export function headline({ runs, diverged, synthetic }: Results): string {
  const count = numberWord(runs.length + diverged.length);
  return `${count.charAt(0).toUpperCase()}${count.slice(1)} optimizers, one ${synthetic ? "synthetic click log" : "set of film ratings"}`;
}

export function introduction(results: Results): Markup {
  const { trainExamples, fields, rows, positiveRate, synthetic, runs, diverged } = results;
  const rate = (100 * positiveRate).toFixed(1);
  const size = `${fields} fields, ${formatCount(rows)} rows, ${rate}% positive labels`;
  return html`<p class="lede">The same factorization machine, trained ${numberWord(runs.length + diverged.length)} times on the same
${formatCount(trainExamples)} ${synthetic ? "synthetic examples" : "ratings"}. All that changes is the rule that turns a row’s
gradient into its step.</p>
${
  synthetic
    ? html`<p>The log is synthetic: a planted model made it, from a seed (${size}). That model’s own predictions are the
<em>oracle</em>, the best that a model of these ids can be expected to do. Another seed plants another model, so compare optimizers within one report.</p>`
    : html`<p>A rating of 4 or 5 is a positive label (${size}). Examples are split 80/10/10 at random by seed into training,
validation and test, so compare optimizers within one report.</p>`
}`;
}

/** Null if the house rule did not run. */
export function comparison({ runs, diverged }: Results): Markup | null {
  const house = runs.find(({ optimizer }) => isHouseRule(optimizer.type));
  if (!house) return null;
  const rivals = runs.filter((run) => run !== house).sort((a, b) => b.logLoss - a.logLoss);
  const below = rivals.filter(({ logLoss }) => house.logLoss < logLoss).map((run) => byHowMuch(run, house));
  const above = rivals.filter(({ logLoss }) => house.logLoss >= logLoss).map((run) => byHowMuch(run, house));
  const clauses = [
    below.length > 0 ? `below ${list(below)}` : "",
    above.length > 0 ? `above ${list(above)}` : "",
    diverged.length > 0 ? `${list(diverged.map(({ type }) => type))} diverged` : "",
  ];
  return html`<p><code>tallygrad</code> runs at its defaults and reaches a log-loss of ${formatLoss(house.logLoss)}:
${clauses.filter((clause) => clause !== "").join("; ")}. Its rivals’ settings were tuned.</p>`;
}

export function tableNotes({ testExamples, recipe, synthetic, machine }: Results): Markup {
  const passes = recipe.epochs === 1 ? "one pass" : `at most ${recipe.epochs} epochs`;
  return html`<p class="notes">Log-loss and AUC: ${formatCount(testExamples)} ${synthetic ? "synthetic " : ""}test examples, the best
in bold. Training: ${passes} in batches of ${formatCount(recipe.batch)}, vectors of ${recipe.dim} (first weights normal, 0.05), biases from 0 in a
table of their own, one rate for both tables, logistic loss summed over the batch, no regularisation; ${storage(recipe)}${
    recipe.epochs === 1 ? "" : "validated every half epoch, patience two epochs, best weights kept; "
  }rivals tuned by <code>examples/demo/tune.ts</code> on other seeds, at the default batch size and length. Examples a second: forward, backward and update, on
${machine}. State: what the rule keeps beside the weights, a row of the vector table; every table has a tally of 4 bytes a row,
charged to the rules that read it.</p>`;
}

/** How weights are stored, if not as float32. */
function storage({ storage: { dtype = "f32", rounding = "nearest" } = {} }: Recipe): string {
  return dtype === "f32"
    ? ""
    : `weights stored as ${dtype}, rounded ${rounding === "nearest" ? "to nearest" : "at random"}; `;
}

export function footer({ title, recipe }: Results): Markup {
  return html`<footer>${title}. Made by <code>npm run demo</code>, seed ${recipe.seed}, batch ${formatCount(recipe.batch)}. The same seed gives the
same figures, times apart.</footer>`;
}

function numberWord(count: number): string {
  return ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"][count] ?? String(count);
}

function byHowMuch({ optimizer, logLoss }: Run, house: Run): string {
  return `${optimizer.type} by ${Math.abs(logLoss - house.logLoss).toFixed(4)}`;
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
