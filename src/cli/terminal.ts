/** What is seen of a command: results on standard output, everything else on standard error, and there only if it is a terminal. */
import { SingleBar } from "cli-progress";

export class Terminal {
  readonly #json: boolean;
  readonly #isWatched = process.stderr.isTTY === true;
  readonly #bar = new SingleBar({
    format: "{name} {bar} {percentage}%  {rate}{loss}{eta_formatted} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 100,
    stream: process.stderr,
  });

  /** @param json Whether the result is JSON, and no text. */
  constructor(json: boolean | undefined) {
    this.#json = json === true;
  }

  /** Shows a bar, if anyone watches. */
  start(name: string, total: number): void {
    this.stop();
    if (this.#isWatched) this.#bar.start(total, 0, { name, rate: "", loss: "" });
  }

  /** @param rate How many of `unit` a second. */
  update(value: number, { rate, unit = "", loss }: { rate?: number; unit?: string; loss?: number } = {}): void {
    if (!this.#isWatched) return;
    this.#bar.update(value, {
      rate: rate === undefined ? "" : `${shortCount(rate)} ${unit}/s  `,
      loss: loss === undefined || Number.isNaN(loss) ? "" : `loss ${loss.toFixed(4)}  `,
    });
  }

  /** Takes the bar away and gives the terminal its cursor back. */
  stop(): void {
    this.#bar.stop();
  }

  /** Says what is going on, if anyone watches. */
  note(text: string): void {
    this.stop();
    if (this.#isWatched) process.stderr.write(`${text}\n`);
  }

  /** Says what nobody should miss. */
  warn(text: string): void {
    this.stop();
    process.stderr.write(`${text}\n`);
  }

  /** What came of the command, as text or as JSON. */
  result(text: string, json: unknown): void {
    this.stop();
    process.stdout.write(this.#json ? `${JSON.stringify(json)}\n` : `${text}\n`);
  }
}

/** 950, 12k, 1.4M. */
export function shortCount(count: number): string {
  if (count < 1000) return count.toFixed(0);
  return count < 1e6 ? `${(count / 1000).toFixed(0)}k` : `${(count / 1e6).toFixed(2)}M`;
}

/** Columns of equal width, the first `left` of them flush left, the others flush right, with a rule below the first row. */
export function columns(rows: readonly (readonly string[])[], left = 1): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.slice(1).map(line)].join("\n");
}
