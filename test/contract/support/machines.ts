/** Examples for machines whose fields are of every kind, and how models are asked and refused. */
import {
  type BagColumn,
  type Column,
  DeepFM,
  type DeepFMOptions,
  type Examples,
  FactorizationMachine,
  type FieldOptions,
  type Machine,
  type MachineOptions,
  select,
} from "tallygrad/models";
import { expect } from "vitest";
import { at } from "../../oracle/at.js";
import type { Random } from "./random.js";
import { expectRefusal, type Refusal } from "./refusals.js";

/** Fields of every kind. */
export const fields = {
  user: { rows: 23 },
  film: { rows: 11 },
  genres: { rows: 7, bag: "mean" },
  tags: { rows: 9, bag: "sum" },
  seen: { rows: 5 },
  price: { numeric: true },
} as const satisfies Record<string, FieldOptions>;

/** Both kinds of machine, small. */
export const kinds: readonly [name: string, create: (options?: Partial<DeepFMOptions>) => Machine][] = [
  ["a factorization machine", (options) => new FactorizationMachine({ fields, dim: 5, ...options })],
  ["DeepFM", (options) => new DeepFM({ fields, dim: 5, hidden: [6, 3], ...options })],
];

export interface Wanted {
  loss?: MachineOptions["loss"];
  weighted?: boolean;
}

/** Examples of these fields: a few frequent ids, bags of 0 to 3 values, weights for one of them. */
export function someExamples(
  random: Random,
  count: number,
  { loss = "logistic", weighted = false }: Wanted = {},
): Examples {
  const ids = (rows: number, length = count): Uint32Array =>
    Uint32Array.from({ length }, () => Math.floor(rows * random.uniform() ** 2));
  const bags = (rows: number): BagColumn & { values: Uint32Array } => {
    const offsets = new Uint32Array(count + 1);
    for (let example = 0; example < count; example += 1) offsets[example + 1] = at(offsets, example) + random.below(4);
    return { values: ids(rows, at(offsets, count)), offsets };
  };
  const floats = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
  const seen = bags(fields.seen.rows);
  const columns: Record<keyof typeof fields, Column> = {
    user: ids(fields.user.rows),
    film: ids(fields.film.rows),
    genres: bags(fields.genres.rows),
    tags: bags(fields.tags.rows),
    seen: { ...seen, weights: floats(seen.values.length) },
    price: floats(count),
  };
  const labels =
    loss === "squared" ? floats(count) : Float32Array.from({ length: count }, () => (random.uniform() < 0.4 ? 1 : 0));
  const weights = Float32Array.from({ length: count }, (_, example) => (example === 0 ? 1 : random.below(4) / 2));
  return { columns, labels, ...(weighted && { weights }) };
}

/** Examples number `start` to `end - 1`. */
export function part(examples: Examples, start: number, end: number): Examples {
  return select(
    examples,
    Uint32Array.from({ length: end - start }, (_, index) => start + index),
  );
}

/** All examples, `size` at a time. */
export function pieces(examples: Examples, size: number): Examples[] {
  const count = examples.labels.length;
  return Array.from({ length: Math.ceil(count / size) }, (_, index) =>
    part(examples, index * size, Math.min((index + 1) * size, count)),
  );
}

/** Fails unless `action` throws, or rejects with, what `refusal` describes. */
export async function expectRefused(action: () => unknown, refusal: Refusal): Promise<void> {
  const outcome = await Promise.resolve()
    .then(action)
    .then(
      () => () => undefined,
      (error: unknown) => () => {
        throw error;
      },
    );
  expectRefusal(outcome, refusal);
}

/** The same of a call that leaves the model as it was. */
export async function expectModelUnchanged(model: Machine, action: () => unknown, refusal: Refusal): Promise<void> {
  const before = model.fingerprint();
  await expectRefused(action, refusal);
  expect(model.fingerprint()).toBe(before);
}
