// Fills WebAssembly memory with tables, the last of as few rows as its first argument says, until no more are given. Then calls every method of tables,
// vocabularies and models, small calls and large ones, and says how each ended; with "letting-go" again and again, as memory is given back. At last
// compares what the calls left with what it is when only those that were not refused are made.
import { EmbeddingTable, EmbeddingTables, kernelMemory, Vocabulary } from "./watched.mjs";

const { DeepFM, FactorizationMachine } = await import("../../../dist/models.browser.js");

const PAGE = 65_536;
const LARGE = 1 << 20;
const few = [3, 1, 4, 1];
const many = new Uint32Array(LARGE);
const floats = (ids, dim = 8) => new Float32Array(ids.length * dim).fill(0.01);
const keys = (name, count) => Array.from({ length: count }, (_, i) => `${name} ${i}`);
const sizes = [few, many];

/** What is to be called of each member, with small arguments and large ones. */
const ofTables = {
  rows: [(table) => table.rows],
  dim: [(table) => table.dim],
  step: [(table) => table.step],
  lr: [0.01, 0.02, 0.03].map((lr) => (table) => Object.assign(table, { lr })),
  backend: [(table) => table.backend],
  memory: [(table) => table.memory],
  lookup: sizes.map((ids) => (table) => table.lookup(ids)),
  update: sizes.map((ids) => (table) => table.update(ids, floats(ids))),
  pool: [
    ...sizes.map((ids) => (table) => table.pool(ids, [0, ids.length], { mode: "max" })),
    (table) => table.pool(many, Array.from(many)),
  ],
  updatePool: sizes.map((ids) => (table) => {
    const weightGradients = new Float32Array(ids.length);
    table.updatePool(ids, [0, ids.length], new Float32Array(8).fill(0.01), { weightGradients });
  }),
  hottest: [1, 1000].map((count) => (table) => table.hottest(count)),
  coldest: [1, 1000].map((count) => (table) => table.coldest(count)),
  tallyHistogram: [(table) => table.tallyHistogram()],
  setRows: sizes.map((ids) => (table) => table.setRows(ids, floats(ids))),
  resetRows: sizes.map((ids) => (table) => table.resetRows(ids)),
  tally: [(table) => table.tally(1)],
  tallies: [(table) => table.tallies(), ...sizes.map((ids) => (table) => table.tallies(ids))],
  rates: sizes.map((ids) => (table) => table.rates(ids)),
  flush: [(table) => table.flush()],
  fingerprint: [(table) => table.fingerprint()],
  grow: [(table) => table.grow(table.rows + 1), (table) => table.grow(LARGE)],
  save: [(table) => table.save()],
  clone: [(table) => table.clone().dispose()],
  dispose: [(table) => table.clone().dispose()],
};
const ofVocabularies = {
  capacity: [(vocabulary) => vocabulary.capacity],
  backend: [(vocabulary) => vocabulary.backend],
  size: [(vocabulary) => vocabulary.size],
  step: [(vocabulary) => vocabulary.step],
  memory: [(vocabulary) => vocabulary.memory],
  rows: [
    ...[10, 3000, 20_000].map((count) => (vocabulary) => vocabulary.rows(keys("new", count))),
    ...["a", "b", "c"].map((name) => (vocabulary) => vocabulary.rows(keys(name, 4000))),
    (vocabulary) => vocabulary.rows(keys("many", 50_000)),
  ],
  lookup: [10, 200_000].map((count) => (vocabulary) => vocabulary.lookup(keys("first", count))),
  key: [(vocabulary) => vocabulary.key(1)],
  grow: [(vocabulary) => vocabulary.grow(vocabulary.capacity + 1)],
  fingerprint: [(vocabulary) => vocabulary.fingerprint()],
  clone: [(vocabulary) => vocabulary.clone().dispose()],
  dispose: [(vocabulary) => vocabulary.clone().dispose()],
};
const features = { user: { rows: 1000, dim: 8 }, film: { rows: 500, dim: 8 } };
const ofSeveral = {
  features: [(tables) => tables.features],
  table: [(tables) => tables.table("user")],
  lookup: sizes.map((ids) => (tables) => tables.lookup({ user: ids, film: few })),
  update: sizes.map((ids) => (tables) => {
    tables.update({ film: { ids: few, gradients: floats(few) }, user: { ids, gradients: floats(ids) } });
  }),
  dispose: [],
};
const examples = (ids) => ({
  columns: { user: Uint32Array.from(ids), film: Uint32Array.from(ids) },
  labels: Array.from(ids, (id) => id % 2),
});
const ofMachines = {
  vectors: [(machine) => machine.vectors],
  biases: [(machine) => machine.biases],
  vocabulary: [(machine) => machine.vocabulary],
  intercept: [(machine) => machine.intercept],
  loss: [(machine) => machine.loss],
  layers: [(machine) => machine.layers],
  networkLayers: [(machine) => machine.networkLayers],
  backend: [(machine) => machine.backend],
  fit: [(machine) => machine.fit(examples(few))],
  partialFit: sizes.map((ids) => (machine) => machine.partialFit(examples(ids))),
  predict: sizes.map((ids) => (machine) => machine.predict(examples(ids))),
  evaluate: sizes.map((ids) => (machine) => machine.evaluate(examples(ids))),
  rowsOf: [(machine) => machine.rowsOf("user", few)],
  save: [(machine) => machine.save()],
  clone: [(machine) => machine.clone().dispose()],
  fingerprint: [(machine) => machine.fingerprint()],
  dispose: [(machine) => machine.clone().dispose()],
};

function trained(table) {
  table.update(few, floats(few));
  return table;
}

function filled(vocabulary) {
  for (const name of ["first", "second", "third"]) vocabulary.rows(keys(name, 3000));
  return vocabulary;
}

const table = { rows: 1000, dim: 8 };
const makers = {
  table: () => trained(new EmbeddingTable(table)),
  "table whose rows miss steps": () => {
    return trained(
      new EmbeddingTable({ ...table, optimizer: { type: "adam", scope: "all" }, weightDecay: { rate: 0.1 } }),
    );
  },
  "narrow table that forgets": () => {
    return trained(
      new EmbeddingTable({ ...table, dtype: "f16", tally: { halfLife: 9 }, clip: { type: "global-norm", limit: 1 } }),
    );
  },
  tables: () => new EmbeddingTables(features),
  machine: () => new FactorizationMachine({ fields: { user: 1000, film: 1000 }, dim: 8 }),
  DeepFM: () => new DeepFM({ fields: { user: 1000, film: 1000 }, dim: 8, hidden: [16] }),
};
const evictions = [
  undefined,
  { type: "least-frequent" },
  { type: "least-recent" },
  { type: "score", exponent: 1 },
  { type: "time-to-live", steps: 2 },
];
const admissions = [
  undefined,
  { type: "count", least: 2, candidates: 2000 },
  { type: "bloom", least: 2, counters: 10_000 },
  { type: "probability", probability: 0.5 },
];
for (const eviction of evictions) {
  for (const admission of admissions) {
    makers[`vocabulary, ${admission?.type}, ${eviction?.type}`] = () =>
      filled(new Vocabulary({ capacity: 5000, ...(admission && { admission }), ...(eviction && { eviction }) }));
  }
}

function membersOf(subject) {
  if (subject instanceof EmbeddingTable) return ofTables;
  if (subject instanceof EmbeddingTables) return ofSeveral;
  return subject instanceof Vocabulary ? ofVocabularies : ofMachines;
}

function namesOf(subject) {
  const prototypes = [Object.getPrototypeOf(subject), Object.getPrototypeOf(Object.getPrototypeOf(subject))];
  const names = prototypes.filter((one) => one !== Object.prototype).flatMap((one) => Object.getOwnPropertyNames(one));
  return names.filter((name) => name !== "constructor");
}

const printOf = (subject) =>
  subject instanceof EmbeddingTables
    ? ["user", "film"].map((name) => subject.table(name).fingerprint()).join()
    : subject.fingerprint();

const [fewest, lettingGo] = [Number(process.argv[2]), process.argv[3] === "letting-go"];
// Letting go takes many calls, and vocabularies are what takes memory here and there.
const tried = Object.entries(makers).filter(
  ([name]) => !lettingGo || /(undefined|count), (least-r|sc|time)/.test(name),
);
const trials = tried.map(([name, make]) => ({ name, make, subject: make(), accepted: [] }));
const forgotten = trials.flatMap(({ subject }) => namesOf(subject).filter((name) => !(name in membersOf(subject))));
const loadable = await new EmbeddingTable(table).save();

// Now there is room for 64 MiB more, then for none.
kernelMemory().grow((2 ** 32 - (64 << 20) - kernelMemory().buffer.byteLength) / PAGE);
const fillers = [];
const refusals = new Set();
const filler = { dim: 4, init: { type: "zeros" }, optimizer: { type: "sgd", lr: 0.1 } };
function fill() {
  for (let rows = lettingGo ? fewest : 1 << 16; rows >= fewest; rows >>= 1) {
    for (let code; code === undefined; ) {
      try {
        fillers.push(new EmbeddingTable({ rows, ...filler }));
      } catch (refusal) {
        code = refusal.code;
        refusals.add(code);
      }
    }
  }
}
fill();

const outcomes = {};
async function attempt(what, call) {
  let ended = "done";
  try {
    await call();
  } catch ({ code, message }) {
    ended = code ?? message;
  }
  outcomes[ended] ??= [];
  outcomes[ended].push(what);
  return ended === "done";
}
for (const { name, subject, accepted } of trials) {
  if (lettingGo) fill();
  for (const [member, calls] of Object.entries(membersOf(subject))) {
    for (const [number, call] of calls.entries()) {
      // Letting go of a filler each time, a call is refused at the first memory it asks for, then at the second, until it goes through.
      let isDone = false;
      for (let tries = lettingGo ? 40 : 1; tries > 0 && !isDone; tries--) {
        isDone = await attempt(`${name}: ${member} ${number}`, () => call(subject));
        if (isDone) accepted.push(call);
        else if (lettingGo) fillers.pop()?.dispose();
      }
    }
  }
}
await attempt("loading", () => EmbeddingTable.load(loadable));
for (const [name, make] of Object.entries(makers)) await attempt(`making: ${name}`, make);

for (const table of fillers) table.dispose();
const changed = [];
for (const { name, make, subject, accepted } of trials) {
  const other = make();
  for (const call of accepted) await call(other);
  if (printOf(subject) !== printOf(other)) changed.push(name);
  for (const one of [subject, other]) one.dispose();
}
process.stdout.write(JSON.stringify({ forgotten, refusals: [...refusals], outcomes, changed }));
