/**
 * The contract suite, the very files of `test/contract`, in every runtime: bundled into one module, run there against the built package as
 * the runtime itself resolves it, and held against the list of tests that Vitest finds in them.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, skipped } from "../browser/chromium.js";
import type { Report } from "./suite/run.js";
import { bundleSuite } from "./support/bundle.js";
import { execute } from "./support/execute.js";
import { makeProject, root } from "./support/project.js";
import { runtimes } from "./support/runtimes.js";
import { isolated, type Server, serve } from "./support/server.js";

const project = makeProject();
let expected: string[] = [];

beforeAll(async () => {
  await bundleSuite("program", join(project.folder, "suite.mjs"));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const arguments_ = [vitest, "list", "--json", "--project", "wasm", "test/contract/"];
  const listed = JSON.parse(execFileSync(process.execPath, arguments_, { cwd: root, encoding: "utf8" }));
  expected = (listed as { name: string }[]).map(({ name }) => name).sort();
}, 60_000);

afterAll(() => project[Symbol.dispose]());

/** Every test that Vitest finds was run there, and passed. */
function expectAllPassed(report: Report): void {
  const { runtime, backend, passed, failed, failures, names } = report;
  console.log(`${runtime} (${backend.kind}): ${passed} passed, ${failed} failed`);
  expect(failures).toEqual([]);
  expect({ passed, failed }).toEqual({ passed: expected.length, failed: 0 });
  expect(names).toEqual(expected);
  expect(passed).toBeGreaterThan(1400);
}

describe.concurrent.each(runtimes)("$name", (runtime) => {
  test.for(runtime.backends)("passes the contract suite on %s", async (backend, { skip }) => {
    skip(runtime.missing !== undefined, runtime.missing);
    const { stdout } = await execute([runtime.path, ...runtime.before, "suite.mjs"], project.folder, {
      TALLYGRAD_BACKEND: backend,
    });
    const report: Report = JSON.parse(stdout);
    expect(report.runtime).toMatch(runtime.version);
    expect(report.backend.kind).toBe(backend);
    expectAllPassed(report);
  });
});

describe.skipIf(chromiumPath === undefined).concurrent(`chromium${skipped}`, () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    await bundleSuite("page", join(project.folder, "suite.js"));
    writeFileSync(join(project.folder, "empty.html"), '<!doctype html><link rel="icon" href="data:,">');
    [browser, server] = [await launch(), await serve(project.folder, isolated)];
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test.for([
    ["page", 'import("/suite.js").then(() => report)'],
    [
      "worker",
      `new Promise((resolve, reject) => {
        const worker = new Worker("/suite.js", { type: "module" });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      })`,
    ],
  ] as const)("passes the contract suite on WebAssembly in a %s", async ([place, program]) => {
    const page = await browser.newPage();
    await page.goto(`${server.url}empty.html`);
    const report: Report = await page.evaluate(program);
    await page.close();
    expect(report.runtime).toMatch(new RegExp(`^Chrome/.* ${place}$`));
    expect(report.backend.kind).toBe("wasm");
    expectAllPassed(report);
  });
});
