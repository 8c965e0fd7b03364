/** Every place that names all rules names those of the kernel's catalogue: documents, types, the cases that tests run through, and the command line. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { EmbeddingTable, internals } from "tallygrad";
import { expect, test } from "vitest";
import { contestantNamed } from "../src/compare/contestants.js";
import { optimizers } from "./contract/support/random-tables.js";
import { ruleCases } from "./contract/support/rule-cases.js";

type Internals = { chooseKernel(backend: "auto"): { kernel: { catalogue: { rules: Record<string, unknown> } } } };

const { kernel } = (internals as Internals).chooseKernel("auto");
const catalogue = Object.keys(kernel.catalogue.rules).sort();
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** The names in the first column of the table that follows `heading`, of the rows that begin with one. */
function namesInTable(text: string, heading: string): string[] {
  const section = text.slice(text.indexOf(heading)).split("\n");
  const first = section.findIndex((line) => line.startsWith("|"));
  const table = section.slice(first + 2);
  const columns = table.slice(
    0,
    table.findIndex((line) => !line.startsWith("|")),
  );
  return columns.flatMap((line) => {
    const column = line.split("|")[1]?.trim() ?? "";
    return column.startsWith("`") ? Array.from(column.matchAll(/`([^`]+)`/g), ([, name = ""]) => name) : [];
  });
}

/** The `type`s of the interfaces that make up `Optimizer`. */
function namesInType(contract: string): string[] {
  const [, union = ""] = /^export type Optimizer =([^;]+);/m.exec(contract) ?? [];
  return Array.from(union.matchAll(/\w+/g), ([name]) => name).flatMap((name) => {
    const [, types = ""] = new RegExp(`^export interface ${name} [^{]*{\\s*type: ([^;]+);`, "m").exec(contract) ?? [];
    return Array.from(types.matchAll(/"([^"]+)"/g), ([, type = ""]) => type);
  });
}

test.each([
  ["README.md", namesInTable(read("README.md"), "## What there is")],
  ["docs/arithmetic.md", namesInTable(read("docs/arithmetic.md"), "### Rules")],
  ["Optimizer in index.d.ts", namesInType(read("index.d.ts"))],
])("%s names every rule once, and no other", (_, names) => {
  expect(names.sort()).toEqual(catalogue);
});

const rows = 3;
const typeOf = (options: { optimizer?: { type: string } }): string => options.optimizer?.type ?? "tallygrad";

test.each([
  ["rule-cases.ts", ruleCases.map(({ options }) => typeOf(options(rows)))],
  ["random-tables.ts", fc.sample(optimizers(rows), { numRuns: 2000, seed: 1 }).map(({ type }) => type)],
])("%s has cases of every rule", (_, names) => {
  expect([...new Set<string>(names)].sort()).toEqual(catalogue);
});

test.each(catalogue)("%s can be compared by its name, at the rate where its search begins", (rule) => {
  const { start, optimizer } = contestantNamed(rule, "logistic");
  const given = optimizer(start, { steps: 10, expectedCounts: () => new Float64Array(rows).fill(5) });
  expect(given.type).toBe(rule);
  using table = new EmbeddingTable({ rows, dim: 1, optimizer: given });
  expect(table.lr).toBe(start);
});

test("a rule without settings of its own is compared at its default rate as well", () => {
  expect(["adamw", "rmsprop", "sgd"].map((rule) => contestantNamed(rule, "logistic").standard)).toEqual([
    0.001,
    0.01,
    undefined,
  ]);
});
