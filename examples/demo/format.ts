/** How figures are written, in the terminal and in the report alike. */

/** Five decimals: optimizers differ in the third and fourth. */
export function formatLoss(loss: number | null): string {
  return loss === null ? "–" : loss.toFixed(5);
}

/** Four decimals. */
export function formatAuc(auc: number): string {
  return auc.toFixed(4);
}

/** Grouped by thousands. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Three significant digits, with an exponent where the number is small: gradients range over decades. */
export function formatSmall(value: number | null): string {
  if (value === null) return "–";
  return value !== 0 && value < 0.001 ? value.toExponential(2) : value.toPrecision(3);
}

/** A share in percent: whole from one percent up, else with one significant digit. */
export function formatPercent(share: number): string {
  const percent = 100 * share;
  return `${percent >= 1 || percent === 0 ? Math.round(percent) : percent.toPrecision(1)}%`;
}
