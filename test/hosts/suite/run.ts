/**
 * Runs test files that were bundled for a host, and reports. Needs nothing of Node: this is what browsers run too.
 */
import { type File, startTests, type Task, type Test, type VitestRunner } from "@vitest/runner";
import type { Backend } from "../../../index.js";
import { EmbeddingTable } from "../../contract/subject.js";

/** What a run gives. */
export interface Report {
  /** Name and version of the host. */
  readonly runtime: string;
  /** What tables run on there, unless told otherwise. */
  readonly backend: Backend;
  /** Every test's name with those of its groups, sorted, as `vitest list` has them. */
  readonly names: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

/** Registers the tests of one file. */
type TestFile = () => Promise<unknown>;

/** Runs every test of `files`, which have one each by its path. */
export async function run(files: Readonly<Record<string, TestFile>>): Promise<Report> {
  const results = await startTests(Object.keys(files), runnerOf(files));
  const tests = results.flatMap((file) => testsOf(file));
  const broken = [...results, ...tests].filter((task) => task.result?.state === "fail");
  const { backend } = new EmbeddingTable({ rows: 1, dim: 1 });
  return {
    runtime: runtime(),
    backend,
    names: tests.map(({ fullTestName }) => fullTestName).sort(),
    passed: tests.filter((test) => test.result?.state === "pass").length,
    failed: broken.length,
    failures: broken.map((task) => ({
      name: task.fullName,
      message: task.result?.errors?.map(({ message }) => message).join("\n") ?? "",
    })),
  };
}

function runnerOf(files: Readonly<Record<string, TestFile>>): VitestRunner {
  return {
    importFile: (path) => files[path]?.(),
    config: {
      ...{ root: "/", name: undefined, setupFiles: [], includeTaskLocation: false, chaiConfig: undefined },
      ...{ passWithNoTests: false, allowOnly: false, testNamePattern: undefined, retry: 0, maxConcurrency: 1 },
      ...{ tags: [], tagsFilter: undefined, strictTags: true, testTimeout: 60_000, hookTimeout: 60_000 },
      sequence: { seed: 0, hooks: "stack", setupFiles: "list" },
    },
  };
}

function testsOf(task: File | Task): Test[] {
  return task.type === "test" ? [task] : task.tasks.flatMap(testsOf);
}

/** Globals that tell hosts apart. Bun and Deno pass for Node as well, so they are asked for first. */
interface Hosts {
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly Bun?: { readonly version: string };
}

function runtime(): string {
  const { Deno, Bun }: Hosts = globalThis as Hosts;
  if (Deno !== undefined) return `Deno ${Deno.version.deno}`;
  if (Bun !== undefined) return `Bun ${Bun.version}`;
  if (typeof process !== "undefined") return `Node ${process.versions.node}`;
  const browser = /Chrome\/[\d.]+/.exec(navigator.userAgent)?.[0] ?? navigator.userAgent;
  return `${browser} ${typeof document === "undefined" ? "worker" : "page"}`;
}
