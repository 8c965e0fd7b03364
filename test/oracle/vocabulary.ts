/** Vocabularies as plain loops over maps, from docs/vocabularies.md and not from the kernel. */
import type { Admission, Eviction, Key, VocabularyOptions } from "../../index.js";
import { at } from "./at.js";

const word = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The halves of a 128-bit product, folded together. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return word(product) ^ (product >> 64n);
}

/** A key's bytes: its kind, and what it is. */
export function bytesOf(key: Key): Uint8Array {
  if (typeof key === "string") return new TextEncoder().encode(`s${key}`);
  const bytes = new Uint8Array(typeof key === "bigint" && key >= 2n ** 63n ? 10 : 9);
  const view = new DataView(bytes.buffer);
  if (typeof key === "number") {
    bytes[0] = "n".charCodeAt(0);
    view.setFloat64(1, key === 0 ? 0 : key, true);
  } else {
    bytes[0] = "b".charCodeAt(0);
    view.setBigUint64(1, word(key), true);
  }
  return bytes;
}

export function hashOf(bytes: Uint8Array): bigint {
  let state = BigInt(bytes.length) ^ 0x9e3779b97f4a7c15n;
  const number = (from: number, to: number): bigint => {
    let value = 0n;
    for (let i = to - 1; i >= from; i -= 1) value = (value << 8n) | BigInt(at(bytes, i));
    return value;
  };
  let start = 0;
  for (; start + 8 <= bytes.length; start += 8) state = fold(state ^ number(start, start + 8), 0xe7037ed1a0b428dbn);
  return fold(fold(state ^ number(start, bytes.length), 0x8ebc6af09c88c6e3n), 0x589965cc75374cc3n);
}

interface Known {
  row: number;
  count: number;
  last: number;
}

/** What stands for a key in maps. */
const nameOf = (key: Key): string => `${typeof key} ${key === 0 ? 0 : key}`;

export class OracleVocabulary {
  capacity: number;
  step = 0;
  readonly #known = new Map<string, Known>();
  readonly #keyOf = new Map<number, Key>();
  readonly #admission: Admission | undefined;
  readonly #eviction: Eviction | undefined;
  readonly #seed: bigint;
  /** The most keys that wait, whatever the capacity becomes. */
  readonly #candidates: number;
  #waiting = new Map<string, number>();
  readonly #counters: number[];
  #refused = 0;
  #next = 1;
  readonly #free: number[] = [];
  /** Rows that the last batch gave to other keys. */
  reused: number[] = [];

  constructor({ capacity, admission, eviction, seed = 0 }: VocabularyOptions) {
    this.capacity = capacity;
    this.#admission = admission;
    this.#eviction = eviction;
    this.#seed = BigInt(seed);
    this.#candidates = admission?.type === "count" ? (admission.candidates ?? 4 * capacity) : 0;
    const counters = admission?.type === "bloom" ? (admission.counters ?? 8 * capacity) : 0;
    const size = Math.ceil(counters / 64) * 64;
    this.#counters = new Array<number>(size).fill(0);
  }

  get size(): number {
    return this.#known.size;
  }

  key(row: number): Key | undefined {
    return this.#keyOf.get(row);
  }

  lookup(keys: readonly Key[]): number[] {
    return keys.map((key) => this.#known.get(nameOf(key))?.row ?? 0);
  }

  rows(keys: readonly Key[]): number[] {
    this.step += 1;
    this.reused = [];
    const newcomers = new Map<string, { key: Key; occurrences: number }>();
    for (const key of keys) {
      const known = this.#known.get(nameOf(key));
      if (known !== undefined) {
        known.count += 1;
        known.last = this.step;
        continue;
      }
      const newcomer = newcomers.get(nameOf(key)) ?? { key, occurrences: 0 };
      newcomer.occurrences += 1;
      newcomers.set(nameOf(key), newcomer);
    }
    const admitted = [...newcomers.values()].filter(({ key, occurrences }) => this.#admits(key, occurrences));
    if (admitted.length > this.#room()) this.#evict(admitted.length - this.#room());
    for (const { key, occurrences } of admitted) {
      if (this.#room() > 0) this.#assign(key, occurrences);
    }
    return this.lookup(keys);
  }

  #room(): number {
    return this.capacity - this.#next + this.#free.length;
  }

  #assign(key: Key, count: number): void {
    let row = this.#next;
    if (row < this.capacity) {
      this.#next += 1;
    } else {
      row = this.#free.shift() ?? 0;
      this.reused.push(row);
    }
    this.#known.set(nameOf(key), { row, count, last: this.step });
    this.#keyOf.set(row, key === 0 ? 0 : key);
  }

  #admits(key: Key, occurrences: number): boolean {
    const admission = this.#admission;
    if (admission === undefined) return true;
    const hash = hashOf(bytesOf(key));
    if (admission.type === "probability") {
      if (admission.probability === 1) return true;
      const draw = fold(fold(hash ^ this.#seed, 0x8ebc6af09c88c6e3n) ^ BigInt(this.step), 0x589965cc75374cc3n);
      return draw < BigInt(admission.probability * 2 ** 64);
    }
    return admission.type === "count"
      ? this.#counts(nameOf(key), occurrences, admission.least, this.#candidates)
      : this.#filters(hash, occurrences, admission.least);
  }

  #counts(name: string, occurrences: number, least: number, most: number): boolean {
    const seen = (this.#waiting.get(name) ?? 0) + occurrences;
    if (seen >= least) {
      this.#waiting.delete(name);
      return true;
    }
    while (!this.#waiting.has(name) && this.#waiting.size >= most) {
      const halves = Array.from(this.#waiting, ([key, count]): [string, number] => [key, Math.floor(count / 2)]);
      this.#waiting = new Map(halves.filter(([, count]) => count > 0));
    }
    this.#waiting.set(name, seen);
    return false;
  }

  #filters(hash: bigint, occurrences: number, least: number): boolean {
    const size = this.#counters.length;
    const places = fold(hash, 0xa0761d6478bd642fn);
    const line = 64n * (hash % BigInt(size / 64));
    const probes = [0n, 6n, 12n, 18n].map((shift) => Number(line + ((places >> shift) % 64n)));
    const seen = Math.min(Math.min(...probes.map((probe) => at(this.#counters, probe))) + occurrences, 255);
    if (seen >= least) return true;
    for (const probe of probes) this.#counters[probe] = Math.max(at(this.#counters, probe), seen);
    this.#refused += 1;
    if (this.#refused >= size) {
      for (let i = 0; i < size; i += 1) this.#counters[i] = Math.floor(at(this.#counters, i) / 2);
      this.#refused = 0;
    }
    return false;
  }

  #evict(needed: number): void {
    const eviction = this.#eviction;
    if (eviction === undefined) return;
    const candidates = [...this.#known].filter(([, { last }]) => last < this.step);
    const score = ({ count, last }: Known): number => {
      if (eviction.type === "least-frequent") return count;
      return eviction.type === "score" ? count / (this.step - last + 1) ** (eviction.exponent ?? 1) : 0;
    };
    let victims = candidates.sort(([, a], [, b]) => score(a) - score(b) || a.last - b.last || a.row - b.row);
    if (eviction.type === "time-to-live") {
      victims = victims.filter(([, { last }]) => this.step - last > eviction.steps);
    } else {
      victims = victims.slice(0, Math.max(needed, Math.floor(this.capacity / 16)));
    }
    for (const [name, { row }] of victims.sort(([, a], [, b]) => a.row - b.row)) {
      this.#known.delete(name);
      this.#keyOf.delete(row);
      this.#free.push(row);
    }
  }
}
