/** examples/worker in Chromium: the page learns, and the table in its worker has the bits of one in Node. */
import { fileURLToPath } from "node:url";
import { context } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { EmbeddingTable, type TableOptions } from "tallygrad";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, skipped } from "../browser/chromium.js";

/** A program for the page, as text because tests are compiled: it has a table in a worker of its own, and `given`. */
const session = (body: string, given: unknown = {}): string => `(async (given) => {
  const { RemoteTable } = await import("/examples/worker/remote-table.js");
  const table = new RemoteTable();
  try { ${body} } finally { table.end(); }
})(${JSON.stringify(given)})`;

describe.skipIf(chromiumPath === undefined)(`examples/worker${skipped}`, () => {
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const server = await context({});
    stop = () => server.dispose();
    const { port } = await server.serve({
      servedir: fileURLToPath(new URL("../..", import.meta.url)),
      host: "127.0.0.1",
    });
    browser = await launch();
    page = await browser.newPage();
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${port}/examples/worker/page.html`);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await stop?.();
  });

  test("the page learns, with nothing on its console", async () => {
    await page.getByText("The busiest user came").waitFor({ timeout: 60_000 });
    const printed = (await page.locator("#log").textContent()) ?? "";
    const [first = Number.NaN, ...losses] = [...printed.matchAll(/log-loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(9);
    expect(losses.at(-1)).toBeLessThan(first - 0.05);
    expect(printed).toContain("The table runs on wasm.");
    expect(problems).toEqual([]);
  });

  test("the worker's table has the bits of one in Node that was given the same", async () => {
    const options: TableOptions = { rows: 500, dim: 8, seed: 7 };
    const batches = Array.from({ length: 20 }, (_, step) => ({
      ids: Array.from({ length: 300 }, (_, i) => (i * i + 31 * step) % 500),
      factor: Math.fround(step / 7 - 1),
    }));
    using table = new EmbeddingTable(options);
    for (const { ids, factor } of batches) {
      table.update(
        ids,
        table.lookup(ids).map((weight) => factor + weight),
        { scale: 300 },
      );
    }
    const steps = session(
      `
        await table.call("create", [given.options]);
        for (const { ids, factor } of given.batches) {
          const gradients = (await table.call("lookup", [ids])).map((weight) => factor + weight);
          await table.call("update", [ids, gradients, { scale: 300 }], [gradients.buffer]);
        }
        return await table.call("fingerprint");
      `,
      { options, batches },
    );
    expect(await page.evaluate(steps)).toBe(table.fingerprint());
  });

  test("a call that throws in the worker rejects with its code, and the table goes on", async () => {
    const refused = session(`
        await table.call("create", [{ rows: 10, dim: 2 }]);
        const update = table.call("update", [Uint32Array.of(1, 10), new Float32Array(4)]);
        const code = await update.then(() => "none", ({ code }) => code);
        return [code, ...(await table.call("tallies", [[1, 9]]))];
      `);
    expect(await page.evaluate(refused)).toEqual(["ERR_ID_OUT_OF_RANGE", 0, 0]);
  });

  test("a second call before the first is answered is refused, and the first is answered", async () => {
    const overlapping = session(`
        await table.call("create", [{ rows: 10, dim: 2 }]);
        const first = table.call("lookup", [Uint32Array.of(1)]);
        const second = table.call("lookup", [Uint32Array.of(2)]);
        return [await second.catch(({ message }) => message), (await first).length];
      `);
    expect(await page.evaluate(overlapping)).toEqual(["lookup: await the call before this one first", 2]);
  });

  test("what is transferred leaves the page", async () => {
    const transferred = session(`
        await table.call("create", [{ rows: 10, dim: 2 }]);
        const [ids, gradients] = [Uint32Array.of(1), new Float32Array(2)];
        await table.call("update", [ids, gradients], [ids.buffer, gradients.buffer]);
        return [ids.length, gradients.length, await table.call("tally", [1])];
      `);
    expect(await page.evaluate(transferred)).toEqual([0, 0, 1]);
  });
});
