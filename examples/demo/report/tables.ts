/** The report's two tables: what each optimizer reached, and its figures by bucket of rows. */
import type { Optimizer } from "tallygrad";
import { at } from "../at.js";
import { bucketLimits } from "../buckets.js";
import { formatAuc, formatCount, formatLoss, formatSmall } from "../format.js";
import { describeSettings } from "../optimizers.js";
import type { Results } from "../results.js";
import type { Run } from "../run.js";
import { colorOf, isHouseRule } from "./chart.js";
import { html, type Markup } from "./html.js";

export function runsTable({ runs, diverged, oracle }: Results): Markup {
  const lowest = Math.min(...runs.map(({ logLoss }) => logLoss));
  const highest = Math.max(...runs.map(({ auc }) => auc));
  const rows = runs.map(
    (run) => html`${openRow(run)}
<td>${nameOf(run.optimizer)}<small>${describeSettings(run.optimizer)}</small></td>
${cell(formatLoss(run.logLoss), run.logLoss === lowest)}
${cell(formatAuc(run.auc), run.auc === highest)}
<td>${formatCount(run.examplesPerSecond)}</td>
<td>${formatCount(run.stateBytesPerRow)}</td>
</tr>
`,
  );
  const divergedRows = diverged.map(
    (optimizer) => html`<tr><td>${nameOf(optimizer)}<small>${describeSettings(optimizer)}</small></td>
<td colspan="4">diverged</td></tr>
`,
  );
  const oracleRow = oracle
    ? html`<tr class="oracle"><td>oracle<small>true logits</small></td><td>${formatLoss(oracle.logLoss)}</td>
<td>${formatAuc(oracle.auc)}</td><td></td><td></td></tr>`
    : null;
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">optimizer</th><th scope="col">log-loss</th><th scope="col">AUC</th><th scope="col">examples<br>a second</th>
<th scope="col">state<br>bytes<br>a row</th></tr></thead>
<tbody>
${rows}${divergedRows}${oracleRow}
</tbody>
</table></div>`;
}

/** Losses, and below each the mean squared gradient. */
export function bucketsTable({ runs, oracle }: Results): Markup {
  const headings = bucketLimits.map(
    ({ bucket, words }, index) =>
      html`<th scope="col">${bucket}<small>${words}</small><small>${formatCount(at(at(runs, 0).buckets, index).rows)} rows</small></th>`,
  );
  const rows = runs.map(
    (run) => html`${openRow(run)}<td>${nameOf(run.optimizer)}</td>${run.buckets.map(
      ({ logLoss, meanSquaredGradient }) =>
        html`<td>${formatLoss(logLoss)}<small>${formatSmall(meanSquaredGradient)}</small></td>`,
    )}</tr>
`,
  );
  const oracleRow = oracle
    ? html`<tr class="oracle"><td>oracle</td>${oracle.buckets.map(({ logLoss }) => html`<td>${formatLoss(logLoss)}</td>`)}</tr>`
    : null;
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">optimizer<small>log-loss</small><small>squared gradient</small></th>${headings}</tr></thead>
<tbody>
${rows}${oracleRow}
</tbody>
</table></div>`;
}

function openRow({ optimizer }: Run): Markup {
  return isHouseRule(optimizer.type) ? html`<tr class="house">` : html`<tr>`;
}

function nameOf({ type }: Optimizer): Markup {
  return html`<span class="dot" style="background: ${colorOf(type)}"></span>${type}`;
}

function cell(text: string, isBest: boolean): Markup {
  return isBest ? html`<td class="best">${text}</td>` : html`<td>${text}</td>`;
}
