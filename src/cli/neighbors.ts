/** `tallygrad neighbors MODEL WORD...`: what has vectors in the same direction. */
import { Command } from "commander";
import { type DeepFM, type FactorizationMachine, SkipGram } from "tallygrad/models";
import { exitCodes, UsageError } from "./exit.js";
import { integer } from "./flags.js";
import { loadModel } from "./saved.js";
import { columns, Terminal } from "./terminal.js";

interface NeighborsFlags {
  k: number;
  field?: string;
  json?: boolean;
}

type Neighbor = { word: string | number | bigint; similarity: number };

export function neighborsCommand(): Command {
  return new Command("neighbors")
    .description("The words whose vectors are most alike; with --field the values of a field of a machine.")
    .argument("<model>", "a file that train wrote")
    .argument("<words...>", "whose neighbors")
    .option("-k <n>", "how many", integer(1), 10)
    .option("--field <name>", "the field that the values are of (factorization machines and DeepFM)")
    .option("--config <file>", "flags out of a JSON file")
    .option("--json", "print the result as JSON")
    .action(async (path: string, words: string[], flags: NeighborsFlags) => {
      using model = await loadModel(path);
      const find = model instanceof SkipGram ? ofWords(model, flags) : ofValues(model, flags);
      const found = words.map((word) => ({ word, neighbors: find(word) }));
      const unknown = found.filter(({ neighbors }) => neighbors === undefined).map(({ word }) => word);
      const terminal = new Terminal(flags.json);
      if (unknown.length > 0) terminal.warn(`unknown: ${unknown.join(", ")}`);
      const text = found.flatMap(({ word, neighbors }) => (neighbors === undefined ? [] : [table(word, neighbors)]));
      terminal.result(
        text.join("\n\n"),
        found.map(({ word, neighbors }) => ({ word, neighbors: neighbors ?? null })),
      );
      process.exitCode = unknown.length > 0 ? exitCodes.failed : exitCodes.done;
    });
}

function ofWords(model: SkipGram, { k, field }: NeighborsFlags): (word: string) => Neighbor[] | undefined {
  if (field !== undefined)
    throw new UsageError("--field is for factorization machines and DeepFM, but the model is skip-gram");
  return (word) => (model.vector(word) === undefined ? undefined : model.neighbors(word, k));
}

/** Values of the same field by the cosine of their vectors. */
function ofValues(
  model: FactorizationMachine | DeepFM,
  { k, field }: NeighborsFlags,
): (word: string) => Neighbor[] | undefined {
  const { vocabulary } = model;
  if (field === undefined) throw new UsageError("--field says which field's values are meant; machines have several");
  if (vocabulary === undefined) throw new UsageError("the model has ids and no keys, so values have no names");
  const beginning = `${field}=`;
  const values: { row: number; name: string }[] = [];
  for (let row = 1; row < vocabulary.capacity; row++) {
    const key = vocabulary.key(row);
    if (typeof key === "string" && key.startsWith(beginning)) values.push({ row, name: key.slice(beginning.length) });
  }
  const vectorOf = (row: number): Float32Array => model.vectors.lookup([row]);
  return (word) => {
    const own = values.find(({ name }) => name === word);
    if (own === undefined) return undefined;
    const vector = vectorOf(own.row);
    return values
      .filter(({ row }) => row !== own.row)
      .map(({ row, name }) => ({ word: name, similarity: cosine(vector, vectorOf(row)) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, k);
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function table(word: string, neighbors: readonly Neighbor[]): string {
  return columns([[word, "similarity"], ...neighbors.map((one) => [String(one.word), one.similarity.toFixed(4)])]);
}
