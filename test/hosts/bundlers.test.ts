/** A page that imports tallygrad by its name, bundled by every bundler without plugins or configuration, does in Chromium what it should. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, skipped } from "../browser/chromium.js";
import { bundlers } from "./support/bundlers.js";
import { trainNatively } from "./support/native.js";
import { visit } from "./support/visit.js";

/** The bundlers whose own way with module workers is tested too. */
const withWorkers = bundlers.filter(({ name }) => name.startsWith("vite"));

describe.skipIf(chromiumPath === undefined)(`in Chromium${skipped}`, () => {
  let browser: Browser;
  let expected: { fingerprint: string; kind: string };

  beforeAll(async () => {
    browser = await launch();
    expected = { ...(await trainNatively()), kind: "wasm" };
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  test.each(bundlers)(
    "a page bundled by $name has the native fingerprint, asks for no .wasm file, and nothing fails",
    async ({ open }) => {
      await using site = await open("main.js");
      const { result, problems, requested } = await visit(browser, site.url);
      expect(result).toEqual(expected);
      expect(problems).toEqual([]);
      expect(requested.filter((path) => path.includes(".wasm"))).toEqual([]);
    },
  );

  test.each(withWorkers)(
    "a module worker of a page by $name has the native fingerprint, and nothing fails",
    async ({ open }) => {
      await using site = await open("with-worker.js");
      const { result, problems, requested } = await visit(browser, site.url);
      expect(result).toEqual(expected);
      expect(problems).toEqual([]);
      expect(requested.filter((path) => /worker.*\.js/.test(path)).length).toBeGreaterThan(0);
    },
  );
});
