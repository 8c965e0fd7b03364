/**
 * The report: one self-contained HTML page that asks nothing of the network, light or dark by the reader's preference, laid out
 * for desktops and phones.
 */
import type { Results } from "../results.js";
import { bucketCharts } from "./bucket-charts.js";
import { html, Markup } from "./html.js";
import { lossCurves } from "./loss-curves.js";
import { comparison, footer, headline, introduction, tableNotes } from "./prose.js";
import { rateCharts } from "./rate-charts.js";
import { style } from "./style.js";
import { bucketsTable, runsTable } from "./tables.js";

export function renderReport(results: Results): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tallygrad: ${results.title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<p class="kicker">tallygrad demo · ${results.title}</p>
<h1>${headline(results)}</h1>
${introduction(results)}
<h2>What each reached</h2>
${comparison(results)}
${runsTable(results)}
${tableNotes(results)}
${results.runs.length > 0 ? charts(results) : null}
${footer(results)}
</main>
</body>
</html>
`.text;
}

function charts(results: Results): Markup {
  return html`<h2>How the loss fell</h2>
${lossCurves(results)}
<h2>Rare rows and frequent rows</h2>
${bucketCharts(results)}
${bucketsTable(results)}
<h2>The rate and the count</h2>
<p>Rules differ in what they know of a row: <code>sgd</code> nothing, <code>tallygrad</code> and <code>cf-sgd</code> how often it
occurred, the adaptive rules its squared gradients. This is the rate each makes of it.</p>
${rateCharts(results)}`;
}
