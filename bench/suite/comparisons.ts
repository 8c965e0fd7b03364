/** What is compared: each comparison has a workload and contestants that take turns on it. */
import { PLAIN_RULES } from "../plain.js";
import { type Batch, SHAPES, type Shape, shapeOf } from "../workload.js";
import type { Contestant } from "./contestant.js";
import { lookup, plainUpdate, pool, type Rule, several, update } from "./own.js";
import type { Server } from "./server.js";
import { scopes, widths } from "./variants.js";

/** The other processes. Python's are there if `--peers` asks for them. */
export interface Servers {
  native: Server;
  python?: { installed: Server; global: Server };
}

export interface Comparison {
  /** Suite and what of it, as "update cf-sgd"; together with the workload's name no two are the same. */
  name: string;
  shape: Shape;
  contestants(batches: readonly Batch[], servers: Servers): Contestant[];
}

/**
 * Every rule, and what peers call it, if they have it. PyTorch's RMSprop, Adam and AdamW take no sparse gradients, and its momentum moves all rows that were ever seen;
 * on CPU, FBGEMM has no more rules than these.
 */
const PEERS: Readonly<Record<Rule, { pytorch?: string; fbgemm?: string }>> = {
  tallygrad: {},
  sgd: { pytorch: "sgd", fbgemm: "sgd" },
  "sgd-momentum": {},
  "fa-sgd": {},
  "cf-sgd": { fbgemm: "counter-sgd" },
  adagrad: { pytorch: "adagrad", fbgemm: "adagrad" },
  "rowwise-adagrad": { fbgemm: "rowwise-adagrad" },
  rmsprop: {},
  adam: { pytorch: "adam" },
  adamw: {},
  "rowwise-adam": {},
  ftrl: {},
};
export const RULES = Object.keys(PEERS) as Rule[];
/** Those of which bench/native has a plain loop. bench/plain.ts has more of them in JavaScript. */
const NATIVE_LOOPS: readonly Rule[] = ["sgd", "cf-sgd", "adam"];
/** On W3, whose tables have 2 GB, only rules that fit beside their peers. */
const LARGE: readonly Rule[] = ["sgd", "cf-sgd"];
const THREADS = [1, 2] as const;

/** Peers on one thread and two; FBGEMM in every build and with every kernel, of which the best counts. */
function peers({ python }: Servers, shape: Shape, pytorch: readonly string[], fbgemm: readonly string[]): Contestant[] {
  if (python === undefined) return [];
  return THREADS.flatMap((threads) => [
    ...pytorch.map((asked) =>
      python.installed.contestant(shape, `pytorch ${asked}`, `PyTorch${variant(asked)} ${threads}t`, threads),
    ),
    ...fbgemm.flatMap((asked) => [
      python.installed.contestant(shape, `fbgemm ${asked}`, `FBGEMM${variant(asked)} ${threads}t`, threads),
      python.global.contestant(shape, `fbgemm ${asked}`, `FBGEMM, global${variant(asked)} ${threads}t`, threads),
    ]),
  ]);
}

/** What peers have of a rule. FBGEMM's kernels with and without pooling. */
function peersOf(servers: Servers, shape: Shape, rule: Rule): Contestant[] {
  const { pytorch, fbgemm } = PEERS[rule];
  return peers(
    servers,
    shape,
    pytorch === undefined ? [] : [pytorch],
    fbgemm === undefined ? [] : [fbgemm, `${fbgemm}, bags`],
  );
}

/** ", bags" of "sgd, bags". */
const variant = (asked: string): string => asked.slice(asked.search(/,|$/));

function native({ native }: Servers, shape: Shape, asked: string, name: string, threads = 1): Contestant {
  return native.contestant(shape, asked, name, threads);
}

function limits(servers: Servers, shape: Shape): Contestant[] {
  return THREADS.flatMap((threads) =>
    ["rows", "stream", "stream on huge pages"].map((what) =>
      native(servers, shape, `limit ${what}`, `memory's limit, ${what} ${threads}t`, threads),
    ),
  );
}

function updates(shape: Shape, rule: Rule): Comparison {
  return { name: `update ${rule}`, shape, contestants: (batches, servers) => updateOf(shape, rule, batches, servers) };
}

function updateOf(shape: Shape, rule: Rule, batches: readonly Batch[], servers: Servers): Contestant[] {
  if (shape.name === "W3") return largeUpdate(shape, rule, batches, servers);
  const plain = PLAIN_RULES.find((known) => known === rule);
  const modes = ["skip", "reject"] as const;
  return [
    ...modes.flatMap((mode) => ["1t", "2t"].map((way) => update(shape, batches, rule, way, mode))),
    update(shape, batches, rule, "wasm", "skip"),
    ...(rule === "tallygrad" ? [update(shape, batches, rule, "wasm", "reject")] : []),
    ...(rule === "cf-sgd" ? [update(shape, batches, rule, "2t", "skip", true)] : []),
    ...(plain === undefined ? [] : [plainUpdate(shape, batches, plain)]),
    ...(NATIVE_LOOPS.includes(rule) ? [native(servers, shape, `plain ${rule}`, "native loop 1t")] : []),
    ...(shape.name === "W2" ? [] : bareLoops(servers, shape, rule)),
    ...(rule === "cf-sgd"
      ? [native(servers, shape, "kernel cf-sgd", "kernel alone 1t"), ...limits(servers, shape)]
      : []),
    ...peersOf(servers, shape, rule),
  ];
}

/** What no step of the rule can do without; on W2, which is in the caches, that says little. */
function bareLoops(servers: Servers, shape: Shape, rule: Rule): Contestant[] {
  return THREADS.map((threads) => native(servers, shape, `bare ${rule}`, `bare loop ${threads}t`, threads));
}

/** On a table of 2 GB: one of each kind, so that all fit into memory. */
function largeUpdate(shape: Shape, rule: Rule, batches: readonly Batch[], servers: Servers): Contestant[] {
  const { pytorch, fbgemm } = PEERS[rule];
  const [peer, asked] = pytorch ? ["PyTorch", `pytorch ${pytorch}`] : ["FBGEMM, bags", `fbgemm ${fbgemm}, bags`];
  return [
    ...THREADS.map((threads) => update(shape, batches, rule, `${threads}t`, "skip")),
    native(servers, shape, `plain ${rule}`, "native loop 1t"),
    ...THREADS.flatMap((threads) => {
      return servers.python?.installed.contestant(shape, asked, `${peer} ${threads}t`, threads) ?? [];
    }),
  ];
}

function readings(shape: Shape): Comparison[] {
  const ways = ["1t", "2t", "wasm"];
  return [
    {
      name: "lookup",
      shape,
      contestants: (batches, servers) => [
        ...ways.map((way) => lookup(shape, batches, way)),
        native(servers, shape, "plain lookup", "native loop 1t"),
        ...peers(servers, shape, ["lookup", "lookup, out"], ["lookup", "lookup, bags"]),
      ],
    },
    {
      name: "pool",
      shape,
      contestants: (batches, servers) => [
        ...ways.map((way) => pool(shape, batches, way)),
        ...peers(servers, shape, ["pool"], ["pool"]),
      ],
    },
  ];
}

/** 26 tables, as a click model has them. */
const FUSED: Shape = { name: "M26", rows: 40_000, dim: 16, count: 1024, zipf: 1.05, stepsATurn: 16, tables: 26 };

/** Rules whose tables step together. */
export const TOGETHER = ["tallygrad", "cf-sgd", "sgd", "rowwise-adagrad", "adam"] as const;

function fused(rule: Rule): Comparison {
  return {
    name: `tables ${rule}`,
    shape: FUSED,
    contestants: (batches, servers) => [
      ...["1t", "2t", "wasm"].map((way) => several(FUSED, batches, rule, way, true)),
      ...["1t", "2t"].map((way) => several(FUSED, batches, rule, way, false)),
      ...peersOf(servers, FUSED, rule),
    ],
  };
}

/** The shapes of a sweep: one thing varies, everything else is W1's. */
export function sweeps(): { what: string; values: number[]; shape(value: number): Shape }[] {
  const base = shapeOf("W1");
  const shape = (what: string, value: number, more: Partial<Shape>): Shape => {
    const varied = { ...base, ...more, name: `${what}=${value}` };
    // Large batches take turns of few steps, small ones of many; what all of a turn's batches have fits into memory beside the table.
    const stepsATurn = Math.min(64, Math.max(2, Math.round((8 * 65_536 * 64) / (varied.count * varied.dim))));
    return { ...varied, stepsATurn, batches: Math.min(8, stepsATurn) };
  };
  return [
    {
      what: "N",
      values: [1024, 4096, 16_384, 65_536, 262_144, 1_048_576],
      shape: (count) => shape("N", count, { count }),
    },
    { what: "dim", values: [8, 16, 32, 64, 128, 256], shape: (dim) => shape("dim", dim, { dim }) },
    {
      what: "rows",
      values: [4000, 40_000, 400_000, 4_000_000],
      shape: (rows) => shape("rows", rows, { rows, zipf: 0 }),
    },
    { what: "zipf", values: [0, 0.5, 1.05, 1.5, 2], shape: (zipf) => shape("zipf", zipf, { zipf }) },
    { what: "hot", values: [0.5, 0.8], shape: (share) => shape("hot", share, { hot: share }) },
  ];
}

function swept(shape: Shape): Comparison {
  return {
    name: "sweep cf-sgd",
    shape,
    contestants: (batches, servers) => [
      ...["1t", "2t"].map((way) => update(shape, batches, "cf-sgd", way, "skip")),
      native(servers, shape, "plain cf-sgd", "native loop 1t"),
      ...limits(servers, shape),
    ],
  };
}

/** All comparisons. */
export function comparisons(): Comparison[] {
  const rulesOf = (shape: Shape): readonly Rule[] => (shape.name === "W3" ? LARGE : RULES);
  return [
    ...SHAPES.flatMap((shape) => [
      ...rulesOf(shape).map((rule) => updates(shape, rule)),
      ...(shape.name === "W3" ? [] : readings(shape)),
      ...(shape.name === "W1" ? widths() : []),
    ]),
    ...scopes(),
    ...TOGETHER.map(fused),
    ...sweeps().flatMap(({ values, shape }) => values.map((value) => swept(shape(value)))),
  ];
}
