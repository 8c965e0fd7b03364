/**
 * The page as a visitor gets it: built, served, and driven by keyboard in Chromium. Every test also fails on an error in the console and on
 * a request to anywhere else.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Experiment } from "../../web/experiment.js";
import { defaults } from "../../web/settings.js";
import { chromiumPath, launch, skipped } from "./chromium.js";

const configFile = fileURLToPath(new URL("../../web/vite.config.ts", import.meta.url));
const outDir = mkdtempSync(join(tmpdir(), "tallygrad-web-"));
const complaints: string[] = [];
let browser: Browser;
let server: PreviewServer;
let address: string;

describe.skipIf(chromiumPath === undefined)(`The page${skipped}`, () => {
  beforeAll(async () => {
    await build({ configFile, logLevel: "warn", build: { outDir, emptyOutDir: true } });
    server = await preview({
      configFile,
      logLevel: "warn",
      build: { outDir },
      preview: { host: "127.0.0.1", port: 0 },
    });
    address = server.resolvedUrls?.local[0] ?? "";
    browser = await launch();
  }, 60_000);

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true, force: true });
  });

  test("ends a run with the order it claims and the fingerprints that Node has, and again when run again", async () => {
    const page = await open("");
    await end(page);
    expect(await text(page, "#status")).toBe("Done. Nearest to the oracle: cf-sgd, then tallygrad, then sgd.");
    const fingerprints = await page.locator("#fingerprints dd").allTextContents();
    expect(fingerprints).toEqual(fingerprintsInNode());
    const losses = (await page.locator("#results td:nth-child(3)").allTextContents()).map(Number);
    for (const loss of losses) expect(loss).toBeLessThan(0.05);
    await page.locator("#run").press("Enter");
    await page.getByText("at the end of the run").first().waitFor({ state: "attached" });
    await end(page);
    expect(await page.locator("#fingerprints dd").allTextContents()).toEqual(fingerprints);
  });

  test("is worked by keyboard: Tab reaches dials and buttons in order, and focus is seen", async () => {
    const page = await open("");
    const reached: string[] = [];
    for (let stop = 0; stop < 5; stop++) {
      await page.keyboard.press("Tab");
      const [id = "", outline] = await page.evaluate(() => {
        const { activeElement } = document;
        return activeElement ? [activeElement.id, getComputedStyle(activeElement).outlineStyle] : [];
      });
      expect(outline).toBe("solid");
      reached.push(id);
    }
    expect(reached).toEqual(["exponent", "rateFactor", "batch", "run", "reset"]);
  });

  test("starts over when the Zipf exponent changes: at 0 the most frequent row is like the others", async () => {
    const page = await open("");
    await page.locator("#exponent").press("Home");
    expect(await text(page, "#exponent-value")).toBe("0.0");
    expect(page.url()).toMatch(/#zipf=0$/);
    await waitForVisits(page, 100_000);
    const [, most = ""] = /to one of ([\d,]+)/.exec(await text(page, "#rate-summary")) ?? [];
    const seen = await visits(page);
    // Each of 2,000 ids comes up in one visit of 2,000; six standard deviations above that is no longer chance.
    expect(Number(most.replace(",", ""))).toBeLessThan(seen / 2000 + 6 * Math.sqrt(seen / 2000));
  });

  test("starts over when the rates change: all three follow", async () => {
    const page = await open("");
    await waitForVisits(page, 1);
    expect(await text(page, "#rate-summary")).toContain("sgd stays at 0.02");
    await page.locator("#rateFactor").press("ArrowRight");
    expect(await text(page, "#rateFactor-value")).toBe("× 2");
    expect(page.url()).toMatch(/#rates=2$/);
    await expect.poll(() => text(page, "#rate-summary")).toContain("sgd stays at 0.04");
    expect(await text(page, "#rate-summary")).toContain("cf-sgd 0.16 to");
  });

  test("starts over when the batch size changes: at 4,096 sgd and cf-sgd diverge", async () => {
    const page = await open("");
    await page.locator("#batch").press("End");
    expect(await text(page, "#batch-value")).toBe("4,096");
    await end(page);
    expect(await text(page, "#status")).toBe("Done. Nearest to the oracle: tallygrad. sgd and cf-sgd diverged.");
  });

  test("takes settings from the address, also while it is open", async () => {
    const page = await open("#zipf=0.5&batch=64");
    expect(await text(page, "#exponent-value")).toBe("0.5");
    expect(await text(page, "#batch-value")).toBe("64");
    await page.locator('a[href="#rates=2"]').press("Enter");
    expect(await text(page, "#rateFactor-value")).toBe("× 2");
    expect(await text(page, "#batch-value")).toBe("256");
  });

  test("pauses, goes on and resets", async () => {
    const page = await open("#batch=64");
    await waitForVisits(page, 1);
    await page.locator("#run").press("Space");
    expect(await text(page, "#status")).toBe("Paused.");
    await page.waitForTimeout(300);
    const paused = await visits(page);
    await page.waitForTimeout(500);
    expect(await visits(page)).toBe(paused);
    await page.locator("#run").press("Space");
    await waitForVisits(page, Math.max(paused + 1, 200_000));
    await page.locator("#run").press("Space");
    await page.locator("#reset").press("Enter");
    expect(await text(page, "#batch-value")).toBe("256");
    expect(page.url()).not.toContain("#");
    await expect.poll(() => visits(page)).toBeLessThan(200_000);
    expect(await text(page, "#status")).toBe("Learning.");
  });

  test("fits a phone 360 pixels wide", async () => {
    const page = await open("", { viewport: { width: 360, height: 740 } });
    await end(page);
    await page.locator("summary").press("Enter");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBe(0);
    for (const chart of await page.locator(".chart canvas").all()) {
      expect((await chart.boundingBox())?.width).toBeGreaterThan(300);
    }
  });

  test("follows the visitor's scheme, charts and all, without a reload", async () => {
    const page = await open("", { colorScheme: "light" });
    await waitForVisits(page, 1);
    await page.locator("#run").press("Space");
    await page.waitForTimeout(300);
    const light = await look(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(300);
    const dark = await look(page);
    expect(brightness(light.background)).toBeGreaterThan(200);
    expect(brightness(light.color)).toBeLessThan(60);
    expect(brightness(dark.background)).toBeLessThan(60);
    expect(brightness(dark.color)).toBeGreaterThan(200);
    light.charts.forEach((chart, index) => {
      expect(dark.charts[index]).not.toBe(chart);
    });
  });

  test("names its charts and says in words what they show", async () => {
    const page = await open("");
    await waitForVisits(page, 1);
    const names = [/^How far from perfect$/, /^The rate against the count$/];
    for (const name of names) expect(await page.getByRole("img", { name }).count()).toBe(1);
    const described = page.locator(
      "#loss-chart[aria-describedby=loss-summary], #rate-chart[aria-describedby=rate-summary]",
    );
    expect(await described.count()).toBe(2);
    expect(await text(page, "#loss-summary")).toMatch(/^After [\d,]+ visits sgd is 0\.\d{4} above the oracle, cf-sgd/);
  });

  test("moves no more than once a second for visitors who asked for less motion", async () => {
    const page = await open("#batch=16", { reducedMotion: "reduce" });
    await waitForVisits(page, 1);
    const counts = new Set<number>();
    for (const end = Date.now() + 2500; Date.now() < end; await page.waitForTimeout(50)) counts.add(await visits(page));
    expect(counts.size).toBeLessThanOrEqual(4);
  });

  test("keeps no task on its main thread for 50 ms from its load on, other programs' turns not counted", async () => {
    const ofRun = await longestTask(async (page) => {
      await waitForVisits(page, 1);
      for (const dial of ["#exponent", "#rateFactor", "#batch"]) {
        for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"]) {
          await page.locator(dial).press(key);
          await page.waitForTimeout(200);
        }
      }
      await end(page);
    });
    console.log(`longest task: ${ofRun.toFixed(1)} ms of processor time`);
    expect(ofRun).toBeLessThan(50);
    const ofBusyPage = await longestTask(async (page) => {
      await page.evaluate(() => {
        setTimeout(() => {
          for (const end = performance.now() + 500; performance.now() < end; );
        });
      });
      await page.waitForTimeout(1000);
    });
    expect(ofBusyPage).toBeGreaterThan(50);
  });
});

/** Opens the page; `first` runs in it before its own scripts. */
async function open(hash: string, options: BrowserContextOptions = {}, first?: () => void): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  if (first !== undefined) await page.addInitScript(first);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  await page.goto(address + hash);
  await page.locator("#loss-chart canvas").waitFor();
  return page;
}

async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

async function end(page: Page): Promise<void> {
  await page.getByText(/^Done\./).waitFor({ timeout: 50_000 });
}

/** Visits seen so far, as the page says. */
async function visits(page: Page): Promise<number> {
  return Number((await text(page, "#count")).split(" ")[0]?.replaceAll(",", ""));
}

async function waitForVisits(page: Page, least: number): Promise<void> {
  await expect.poll(() => visits(page), { timeout: 20_000 }).toBeGreaterThanOrEqual(least);
}

/** The same run on whatever backend Node has. */
function fingerprintsInNode(): string[] {
  const experiment = new Experiment(defaults);
  while (!experiment.isDone) experiment.advance();
  const fingerprints = experiment.fingerprints.flatMap(({ vectors, biases }) => [vectors, biases]);
  experiment.dispose();
  return fingerprints;
}

async function look(page: Page): Promise<{ background: string; color: string; charts: string[] }> {
  return page.evaluate(() => {
    const { backgroundColor: background, color } = getComputedStyle(document.body);
    return {
      background,
      color,
      charts: Array.from(document.querySelectorAll("canvas"), (canvas) => canvas.toDataURL()),
    };
  });
}

/** The mean of a CSS colour's red, green and blue. */
function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return (red + green + blue) / 3;
}

/**
 * The longest task on the page's main thread while it loads and while `visit` lasts, in ms of processor time: what the page asks for
 * itself. Elapsed time, of which long tasks are made, also counts the turns of other programs, up to four times as much beside a few.
 */
async function longestTask(visit: (page: Page) => Promise<void>): Promise<number> {
  await browser.startTracing(undefined, { categories: ["toplevel", "blink.user_timing"] });
  const page = await open("", {}, () => void performance.mark("first of the page"));
  await visit(page);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  await page.context().close();
  // Chromium's own pages, of which some open beside this one, have processes of their own.
  const mark = traceEvents.find(({ name }) => name === "first of the page");
  const isOurs = ({ name, pid, tid }: TraceEvent) => name.endsWith("RunTask") && pid === mark?.pid && tid === mark.tid;
  const tasks = traceEvents.filter(isOurs);
  expect(tasks.length).toBeGreaterThan(100);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
}

/** Of what Chromium records: `tdur` is the thread's own processor time in microseconds, which a task has once it has ended. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
}
