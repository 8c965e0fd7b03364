/** What a record has, by name, and how that is held against what is asked. */
import type { Record } from "./record.js";
import { median, ratio, type Timing } from "./rounds.js";

export interface Figure {
  what: string;
  asked: string;
  /** Undefined if it was not measured. */
  measured: string | undefined;
  met: boolean | undefined;
  /** What would be measured if a step took as long as memory takes for what it reads and writes. */
  allowed?: string;
}

export type Stream = "stream" | "stream on huge pages";

/** Looks things up in a record. */
export class Measured {
  constructor(readonly record: Record) {}

  timings(comparison: string, workload: string): Timing[] {
    return this.record.results.find((r) => r.comparison === comparison && r.workload === workload)?.timings ?? [];
  }

  timing(comparison: string, workload: string, contestant: string): Timing | undefined {
    return this.timings(comparison, workload).find((timing) => timing.contestant === contestant);
  }

  /** The fastest variant of a library on so many threads. */
  best(comparison: string, workload: string, library: string, threads: number): Timing | undefined {
    return this.timings(comparison, workload)
      .filter(({ contestant }) => contestant.startsWith(library) && contestant.endsWith(` ${threads}t`))
      .toSorted((a, b) => median(a.rounds) - median(b.rounds))[0];
  }

  /**
   * The time that memory allows a step, in microseconds: its distinct rows at random places and its gradients in a stream, on pages like those that arrays
   * have or on huge ones.
   */
  limit(comparison: string, workload: string, threads: number, stream: Stream = "stream"): number {
    const part = (what: string): number =>
      median(this.timing(comparison, workload, `memory's limit, ${what} ${threads}t`)?.rounds ?? []);
    return part("rows") + part(stream);
  }

  /**
   * How many times as long a peer takes as memory does for weights and gradients. On W2, which is in the caches, that says nothing; nor does it of rules that
   * read and write more than weights.
   */
  allowed(rule: string, workload: string, threads: number, peer: Timing | undefined): Pick<Figure, "allowed"> {
    const times = peer && median(peer.rounds) / this.limit("update cf-sgd", workload, threads);
    const applies = workload !== "W2" && ["sgd", "cf-sgd", "rowwise-adagrad"].includes(rule);
    return applies && times !== undefined && Number.isFinite(times) ? { allowed: `${times.toFixed(2)} ×` } : {};
  }
}

export function atLeast(what: string, least: number, found: number | undefined, unit: Unit = " ×"): Figure {
  return bounded(what, `≥ ${shown(least, unit)}`, found, unit, (known) => known >= least);
}

export function atMost(what: string, most: number, found: number | undefined, unit: Unit = " ×"): Figure {
  return bounded(what, `≤ ${shown(most, unit)}`, found, unit, (known) => known <= most);
}

type Unit = " ×" | " %" | " µs";
const shown = (number: number, unit: Unit): string =>
  (unit === " %" ? (100 * number).toFixed(0) : number.toFixed(2)) + unit;

function bounded(
  what: string,
  asked: string,
  found: number | undefined,
  unit: Unit,
  fits: (found: number) => boolean,
): Figure {
  const known = found !== undefined && Number.isFinite(found);
  return { what, asked, measured: known ? shown(found, unit) : undefined, met: known ? fits(found) : undefined };
}

export const threadsText = (threads: number): string => (threads === 1 ? "1 thread" : `${threads} threads`);

/** How many times as long as `one` another takes, if both were measured. */
export const over = (other: Timing | undefined, one: Timing | undefined): number | undefined =>
  other === undefined || one === undefined ? undefined : ratio(other, one);
