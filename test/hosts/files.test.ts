/** `tallygrad/formats` in each runtime and in Chromium: files, handles, Blobs and streams hold the same vectors everywhere. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chromiumPath, launch, skipped } from "../browser/chromium.js";
import { execute } from "./support/execute.js";
import { makeProject, writePage } from "./support/project.js";
import { runtimes } from "./support/runtimes.js";
import { serve } from "./support/server.js";
import { visit } from "./support/visit.js";

const project = makeProject("pages", "programs");
afterAll(() => project[Symbol.dispose]());

test.for(runtimes)("$name writes and reads by path, URL, Blob and stream", async (runtime, { skip }) => {
  skip(runtime.missing !== undefined, runtime.missing);
  const writing = runtime.reading.map((permission) => permission.replace("read", "write"));
  const command = [runtime.path, ...runtime.before, ...runtime.reading, ...writing, "files.js", "vectors"] as const;
  const { stdout, stderr } = await execute(command, project.folder);
  expect(JSON.parse(stdout)).toEqual({ tried: 32, wrong: [], refused: "ERR_FILE_FORMAT", left: ["vectors"] });
  expect(stderr).toBe("");
});

test.skipIf(chromiumPath === undefined)(
  `a page writes and reads its own files, Blobs and streams${skipped}`,
  async () => {
    writePage(project.folder, "own-files.js");
    await using server = await serve(project.folder);
    const browser = await launch();
    try {
      const { result, problems } = await visit(browser, server.url);
      expect(result).toEqual({
        ...{ tried: 24, wrong: [], refused: "ERR_FILE_FORMAT", stopped: "stopped", kept: true },
        path: { code: "ERR_OPTION_VALUE", message: expect.stringContaining("this runtime has no files") },
      });
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);

test("formats.js imports nothing, so that a page needs no more than it", () => {
  const bundle = readFileSync(join(project.folder, "node_modules/tallygrad/dist/formats.js"), "utf8");
  expect(bundle).not.toMatch(/^import\b|\bimport\(|\brequire\(/m);
});
