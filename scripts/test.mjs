/** Runs every test suite, one after the other, and ends with one line that sums them: `N passed, N failed`. */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { installed, root, run } from "./run.mjs";

const REPORT = "build/vitest.json";

/** Sums cargo's lines `test result: ok. 5 passed; 0 failed; ...`. A run that does not get that far has failed once. */
async function cargo(args, env) {
  const { code, output } = await run("cargo", ["test", ...args], { env });
  const results = [...output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed/gm)];
  const [passed, failed] = [1, 2].map((field) => results.reduce((sum, result) => sum + Number(result[field]), 0));
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

async function vitest() {
  rmSync(`${root}/${REPORT}`, { force: true });
  const { code } = await run(process.execPath, [
    installed("vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${REPORT}`,
  ]);
  if (!existsSync(`${root}/${REPORT}`)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(`${root}/${REPORT}`, "utf8"));
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** Name and run of each suite. */
const suites = [
  // Doors and benches have no tests of their own, and take minutes to build for nothing.
  ["The kernel", () => cargo(["-p", "tallygrad-core", "-p", "tallygrad-models"])],
  // Loom replaces the standard atomics, so its build is another one, kept apart. What it runs is short.
  [
    "The pool's protocol under loom",
    () =>
      cargo(["-p", "tallygrad-core", "--lib", "--target-dir", "target/loom", "model"], {
        RUSTFLAGS: "--cfg loom",
        CARGO_PROFILE_DEV_OPT_LEVEL: "0",
      }),
  ],
  ["The facade, the models, the command line and the package", vitest],
];

const total = { passed: 0, failed: 0 };
for (const [name, suite] of suites) {
  const start = Date.now();
  process.stdout.write(`\n== ${name} ==\n`);
  const { passed, failed } = await suite();
  process.stdout.write(
    `${name}: ${passed} passed, ${failed} failed in ${((Date.now() - start) / 1000).toFixed(0)} s\n`,
  );
  total.passed += passed;
  total.failed += failed;
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
