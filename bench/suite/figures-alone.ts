/** What is asked of tallygrad beside itself and beside loops: WebAssembly, tables that step together, every rule, weights in two bytes, rows outside of the batch. */
import { RULES, TOGETHER } from "./comparisons.js";
import { atLeast, atMost, type Figure, type Measured, over, threadsText } from "./measured.js";
import type { Rule } from "./own.js";
import { median, type Timing } from "./rounds.js";
import { NARROWED, REST, restedName, SCOPED, scopeName, WIDTHS, widthName } from "./variants.js";

const LOOPS = [
  ["W1", 1],
  ["W1", 2],
  ["W4", 1],
  ["W4", 2],
] as const;

/** How many times as long as another a step of a rule takes; undefined if it was not measured. */
export interface Ratio {
  what: string;
  of(rule: Rule): number | undefined;
}

/** Every rule beside a bare loop over the same rows. */
export function besideBare(measured: Measured): Ratio[] {
  return LOOPS.map(([workload, threads]) => ({
    what: `bare loop, ${workload}, ${threadsText(threads)}`,
    of: (rule) => {
      const timing = (contestant: string): Timing | undefined =>
        measured.timing(`update ${rule}`, workload, `${contestant} ${threads}t`);
      return over(timing("tallygrad skip"), timing("bare loop"));
    },
  }));
}

/** Every rule as WebAssembly beside one native thread. */
export function besideNative(measured: Measured): Ratio[] {
  return ["W1", "W2"].map((workload) => ({
    what: `native, ${workload}`,
    of: (rule) => {
      const timing = (way: string): Timing | undefined =>
        measured.timing(`update ${rule}`, workload, `tallygrad skip ${way}`);
      return over(timing("wasm"), timing("1t"));
    },
  }));
}

/** Figures of one kind after the other. */
export function figuresAlone(measured: Measured): Figure[] {
  return [
    ...webAssembly(measured),
    ...together(measured),
    ...besideBare(measured).map((ratio) => everyRule(`every rule: time beside the ${ratio.what}`, 1.5, ratio)),
    ...narrowed(measured),
    ...scopesOfTwoSizes(measured),
    ...adamOfAll(measured),
  ];
}

/** The rule that takes longest, if all were measured. */
function everyRule(what: string, most: number, { of }: Ratio): Figure {
  const ratios = RULES.map((rule) => ({ rule, times: of(rule) ?? Number.NaN }));
  const worst = ratios.reduce((one, other) => (one.times >= other.times ? one : other));
  const known = ratios.every(({ times }) => Number.isFinite(times));
  return atMost(known ? `${what}; the most is that of \`${worst.rule}\`` : what, most, known ? worst.times : undefined);
}

function webAssembly(measured: Measured): Figure[] {
  const asked = { W1: 2.2, W2: 2.6 };
  const rules = ["tallygrad", "cf-sgd", "sgd"] as const;
  const beside = besideNative(measured);
  return Object.entries(asked).flatMap(([workload, most], at) => [
    ...rules.map((rule) =>
      atMost(`WebAssembly: time of \`${rule}\` beside native, ${workload}`, most, beside[at]?.of(rule)),
    ),
    ...beside.slice(at, at + 1).map((ratio) => everyRule(`WebAssembly: every rule beside ${ratio.what}`, 3, ratio)),
    ...rules.map((rule) => {
      const timing = (contestant: string): Timing | undefined =>
        measured.timing(`update ${rule}`, workload, contestant);
      const found = over(timing("JavaScript"), timing("tallygrad skip wasm"));
      return atLeast(`WebAssembly: \`${rule}\` beside the loop in JavaScript, ${workload}`, 1.6, found);
    }),
  ]);
}

function together(measured: Measured): Figure[] {
  return TOGETHER.map((rule) => {
    const timing = (how: string): Timing | undefined => measured.timing(`tables ${rule}`, "M26", `tallygrad${how} 2t`);
    return atLeast(
      `\`${rule}\`, 26 tables, one step on two threads beside 26`,
      1.5,
      over(timing(", one by one"), timing("")),
    );
  });
}

function narrowed(measured: Measured): Figure[] {
  return NARROWED.flatMap((rule) =>
    WIDTHS.slice(1).map((width) => {
      const timing = (one: (typeof WIDTHS)[number]): Timing | undefined =>
        measured.timing(`widths ${rule}`, "W1", widthName(one));
      const most = width.rounding === undefined ? 1.15 : 1.35;
      const what = `\`${rule}\`, weights in ${width.dtype}, rounded ${width.rounding === undefined ? "to nearest" : "stochastically"}: time beside f32, W1`;
      return atMost(what, most, over(timing(width), timing(WIDTHS[0] ?? {})));
    }),
  );
}

/** A larger table is a slower one because less of it is in caches: as much slower with scope "touched" as with "all". */
function scopesOfTwoSizes(measured: Measured): Figure[] {
  return ["momentum", "decay"].map((what) => {
    const growth = (scope: "touched" | "all"): number | undefined => {
      const [small, large] = [false, true].map((is) =>
        measured.timing(`scope ${what}`, SCOPED.name, scopeName(scope, is)),
      );
      return over(large, small);
    };
    const [touched, all] = [growth("touched"), growth("all")];
    return atMost(
      `\`sgd\` with ${what}, scope "all": how a table of ten times as many rows slows a step, beside scope "touched"`,
      1.15,
      touched === undefined || all === undefined ? undefined : all / touched,
    );
  });
}

function adamOfAll(measured: Measured): Figure[] {
  const timing = (name: string): Timing | undefined => measured.timing("scope adam", SCOPED.name, name);
  const [touched, all, rested] = [scopeName("touched", false), scopeName("all", false), restedName].map(timing);
  const rows = measured.record.workloads.find(({ name }) => name === SCOPED.name)?.distinct ?? Number.NaN;
  return [
    atMost(
      '`adam`, scope "all": time beside scope "touched", rows that miss four steps between',
      2.5,
      over(all, touched),
    ),
    atMost(
      `the same: time of a row of ${SCOPED.dim} that has missed ${REST} steps`,
      12,
      rested && median(rested.rounds) / rows,
      " µs",
    ),
  ];
}
