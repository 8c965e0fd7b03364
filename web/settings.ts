/**
 * What a visitor can set, and how it is written into the page's address. Every dial has a fixed list of values, so that two visitors
 * at the same settings run the same numbers, and an address that was made up cannot ask for anything else.
 */
import { writeCount } from "./prose.js";

export interface Settings {
  /** How unevenly ids occur: the r-th most frequent id of a field comes up in proportion to r^-exponent. */
  readonly exponent: number;
  /** What all learning rates are multiplied by. */
  readonly rateFactor: number;
  /** Examples a step. */
  readonly batch: number;
}

export const defaults: Settings = { exponent: 1.2, rateFactor: 1, batch: 256 };

interface Dial {
  /** Its name in the address. */
  readonly key: string;
  /** In ascending order. */
  readonly values: readonly number[];
  /** A value as a visitor reads it. */
  readonly write: (value: number) => string;
}

export const dials: Readonly<Record<keyof Settings, Dial>> = {
  exponent: {
    key: "zipf",
    values: Array.from({ length: 21 }, (_, tenths) => tenths / 10),
    write: (value) => value.toFixed(1),
  },
  rateFactor: {
    key: "rates",
    values: [0.125, 0.25, 0.5, 1, 2, 4, 8],
    write: (value) => (value < 1 ? `÷ ${1 / value}` : `× ${value}`),
  },
  batch: {
    key: "batch",
    values: [16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
    write: writeCount,
  },
};

export const dialNames: readonly (keyof Settings)[] = ["exponent", "rateFactor", "batch"];

/** Settings as an address's hash: only what differs from the defaults, so that the plain address is the default run. */
export function writeHash(settings: Settings): string {
  const changed = dialNames.filter((name) => settings[name] !== defaults[name]);
  return changed.map((name) => `${dials[name].key}=${settings[name]}`).join("&");
}

/** Settings from a hash, with or without its `#`. What is missing or no value of its dial is the default. */
export function readHash(hash: string): Settings {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (name: keyof Settings): number => {
    const text = parameters.get(dials[name].key);
    return dials[name].values.find((value) => text !== null && Number(text) === value) ?? defaults[name];
  };
  return { exponent: read("exponent"), rateFactor: read("rateFactor"), batch: read("batch") };
}
