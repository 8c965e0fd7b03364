/** Looks for the learning rate with the lowest loss, on a grid of factors of 2 and then once between its neighbours. */

/** What a search came to. */
export interface Found {
  rate: number;
  loss: number;
  /** Whether lower and higher rates were tried and are worse. */
  interior: boolean;
  /** Everything that was tried, by rising rate. */
  tried: { rate: number; loss: number }[];
}

/** The most rates that are tried on the grid. */
const MOST = 9;

/** @param lossAt Infinity where training diverges. */
export async function searchRate(start: number, lossAt: (rate: number) => Promise<number>): Promise<Found> {
  const losses = new Map<number, number>();
  const at = async (power: number): Promise<number> => {
    const known = losses.get(power);
    if (known !== undefined) return known;
    const measured = await lossAt(start * 2 ** power);
    const loss = Number.isNaN(measured) ? Number.POSITIVE_INFINITY : measured;
    losses.set(power, loss);
    return loss;
  };
  let best = 0;
  await at(0);
  while (losses.size < MOST) {
    const worse = [await at(best + 1), await at(best - 1)].every((loss) => loss >= (losses.get(best) ?? 0));
    if (worse && Number.isFinite(losses.get(best))) break;
    const finite = Array.from(losses).filter(([, loss]) => Number.isFinite(loss));
    // Where everything diverges, smaller rates may not.
    best = finite.length === 0 ? best - 1 : (finite.sort(([, a], [, b]) => a - b)[0]?.[0] ?? best);
  }
  for (const power of [best - 0.5, best + 0.5]) if (Number.isFinite(losses.get(best))) await at(power);
  const tried = Array.from(losses, ([power, loss]) => ({ rate: start * 2 ** power, loss })).sort(
    (a, b) => a.rate - b.rate,
  );
  const least = Math.min(...losses.values());
  const index = tried.findIndex(({ loss }) => loss === least);
  const { rate, loss } = tried[index] as { rate: number; loss: number };
  return { rate, loss, interior: index > 0 && index < tried.length - 1 && Number.isFinite(loss), tried };
}
