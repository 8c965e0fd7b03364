/**
 * The look of the report: system fonts, one column of text with charts as wide as it, light and dark by the reader's
 * preference. Colours are CSS variables that charts use too, so a chart is drawn once for both themes. Colours of rules follow
 * Okabe and Ito's palette, darkened or lightened for contrast; every line and dot also has its name beside it, and a rule without a colour is grey.
 */
const palette: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  paper: ["#fdfcfa", "#171614"],
  ink: ["#22211f", "#e9e6e0"],
  soft: ["#66635d", "#a39e95"],
  line: ["#dedad3", "#3a3733"],
  tint: ["#f4efe6", "#26221d"],
  tallygrad: ["#c2410c", "#ff8f57"],
  "cf-sgd": ["#a16b00", "#e0b040"],
  "fa-sgd": ["#7d6a10", "#cdbb55"],
  sgd: ["#77736c", "#a29d94"],
  adagrad: ["#0b5c9e", "#6aa5e8"],
  "rowwise-adagrad": ["#2b8cbe", "#7fd0ee"],
  adam: ["#9b3d78", "#e08fc0"],
  adamw: ["#6f3fa0", "#b99be6"],
  "rowwise-adam": ["#b54a83", "#f0a9cf"],
  rmsprop: ["#0a7566", "#5fcdb9"],
  ftrl: ["#4a7324", "#a5cf74"],
};

/** The palette as declarations of CSS variables, for either theme. */
export const colors = { light: declarations(0), dark: declarations(1) };

function declarations(theme: 0 | 1): string {
  return Object.entries(palette)
    .map(([name, themes]) => `--${name}: ${themes[theme]};`)
    .join(" ");
}

export const style = `
:root {
  color-scheme: light dark;
  ${colors.light}
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, "Noto Serif", "Liberation Serif", serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    ${colors.dark}
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 var(--serif); }
main { max-width: 42.5rem; margin: 0 auto; padding: 3.5rem 1.25rem 4rem; }
h1 { font-size: clamp(1.75rem, 6vw, 2.5rem); line-height: 1.15; letter-spacing: -0.015em; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3.5rem 0 0.4rem; text-wrap: balance; }
p { margin: 0 0 1rem; text-wrap: pretty; }
code { font: 0.875em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.kicker { font: 600 0.8125rem/1.4 var(--sans); letter-spacing: 0.02em; color: var(--tallygrad); margin: 0 0 0.6rem; }
.lede { font-size: 1.1875rem; line-height: 1.5; }
.notes, figcaption, footer { color: var(--soft); }
figure { margin: 1.25rem 0 0; }
figcaption, footer, .notes { font: 0.875rem/1.55 var(--sans); }
figcaption, .notes { margin: 0.75rem 0 0; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); }
svg { display: block; max-width: 100%; height: auto; overflow: visible; font-family: var(--sans); }
.wide { display: flex; }
.narrow { display: none; }
.panel p { font: 600 0.8125rem/1.4 var(--sans); margin: 0 0 0.5rem; }
.scroll { overflow-x: auto; margin: 1.25rem 0 0; }
table { border-collapse: collapse; width: 100%; font: 0.9375rem/1.4 var(--sans); font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: right; font-size: 0.8125rem; color: var(--soft); vertical-align: bottom; }
th, td { padding: 0.5rem 0 0.5rem 1rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; padding-left: 0.5rem; }
th:last-child, td:last-child { padding-right: 0.5rem; }
td:first-child { font-weight: 600; white-space: nowrap; }
th small, td small { display: block; white-space: nowrap; font-weight: 400; font-size: 0.8125rem; color: var(--soft); }
tr.house { background: var(--tint); }
tr.oracle td { color: var(--soft); font-weight: 400; border-bottom: 0; }
.best { font-weight: 700; }
.dot { display: inline-block; width: 0.6em; height: 0.6em; border-radius: 50%; margin-right: 0.5em; background: currentColor; }
@media (max-width: 44rem) {
  main { padding: 2rem 1rem 3rem; }
  .wide { display: none; }
  .narrow { display: block; }
  .panel + .panel { margin-top: 1.5rem; }
  table { font-size: 0.75rem; }
  th { font-size: 0.6875rem; }
  th small, td small { font-size: 0.6875rem; }
  th, td, th:first-child, td:first-child { padding-left: 0.3rem; }
  th:last-child, td:last-child { padding-right: 0.3rem; }
  td:first-child small { white-space: normal; }
  .dot { margin-right: 0.35em; }
}
@media print { main { padding-top: 0; } figure, table { break-inside: avoid; } }
`;
