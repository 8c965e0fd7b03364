/** Small programs in each runtime: which entry it takes, and that a table in a worker has the bits of one in the main thread. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute } from "./support/execute.js";
import { type Trained, trainNatively } from "./support/native.js";
import { makeProject } from "./support/project.js";
import { runtimes } from "./support/runtimes.js";

const project = makeProject("pages", "programs");
let expected: Trained;

beforeAll(async () => {
  expected = await trainNatively();
}, 60_000);

afterAll(() => project[Symbol.dispose]());

describe.each(runtimes)("$name", (runtime) => {
  const web = runtime.name.startsWith("node") ? [] : ["module-workers.js"];
  const cases = runtime.backends.flatMap((backend) =>
    ["main.js", "threads.js", ...web].flatMap((program) => {
      // The main thread's module is for workers, and for the backend that has modules.
      const ways = backend === "wasm" && program !== "main.js" ? (["own", "sent"] as const) : (["own"] as const);
      return ways.map((kernel) => ({ program, backend, kernel }));
    }),
  );

  test("finds the entry that is meant for it", async ({ skip }) => {
    skip(runtime.missing !== undefined, runtime.missing);
    const command = [runtime.path, ...runtime.before, "entry.js"] as const;
    const { stdout } = await execute(command, project.folder);
    const entry = runtime.backends.includes("native") ? "index.js" : "browser.js";
    expect(stdout.trim()).toMatch(new RegExp(`^file:.*/node_modules/tallygrad/dist/${entry}$`));
  });

  test.for(cases)(
    "$program on $backend gives the native fingerprint, with a kernel of its $kernel",
    async ({ program, backend, kernel }, { skip }) => {
      skip(runtime.missing !== undefined, runtime.missing);
      const command = [runtime.path, ...runtime.before, ...runtime.reading, program, kernel] as const;
      const { stdout, stderr } = await execute(command, project.folder, { TALLYGRAD_BACKEND: backend });
      expect(JSON.parse(stdout)).toEqual({ ...expected, kind: backend });
      expect(stderr).toBe("");
    },
  );
});
