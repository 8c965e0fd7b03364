/** The report asks nothing of the network, escapes its texts, draws every run, and names what is synthetic. */
import { parseHTML } from "linkedom";
import type { Optimizer } from "tallygrad";
import { describe, expect, test } from "vitest";
import type { Results } from "../results.js";
import type { Run } from "../run.js";
import { html } from "./html.js";
import { renderReport } from "./page.js";

describe("The report", () => {
  const page = renderReport(makeResults());
  const { document } = parseHTML(page);

  test("is self-contained: no address, no script, no style sheet or image from elsewhere", () => {
    expect(page.match(/https?:|(?:src|href)=|url\([^#)]|@import|<script|<link|<img/gi)).toBeNull();
  });

  test("draws each figure for a desktop and for a phone", () => {
    expect(document.querySelectorAll("figure").length).toBe(3);
    expect(document.querySelectorAll("figure .wide svg").length).toBe(4);
    expect(document.querySelectorAll("figure .narrow svg").length).toBe(4);
    for (const figure of document.querySelectorAll("figure")) expect(figure.querySelector("figcaption")).not.toBeNull();
  });

  test("takes its colours from variables that both themes define", () => {
    const used = new Set([...page.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name));
    const [light = "", dark = ""] = page.split("prefers-color-scheme: dark");
    for (const name of ["paper", "ink", "line", "tallygrad", "sgd"]) {
      expect(used).toContain(name);
      expect(light).toContain(`--${name}:`);
      expect(dark).toContain(`--${name}:`);
    }
  });

  test("says in heading, table notes and every caption that a synthetic log is synthetic", () => {
    const said = [...document.querySelectorAll("h1, .kicker, .notes, figcaption")].map(
      ({ textContent }) => textContent ?? "",
    );
    expect(said.length).toBe(6);
    for (const text of said) expect(text).toMatch(/synthetic/i);
  });

  test("does not call real data synthetic", () => {
    const real = renderReport({ ...makeResults(), synthetic: false, title: "MovieLens", oracle: null });
    expect(parseHTML(real).document.body.textContent).not.toMatch(/synthetic/i);
  });

  test("shows figures as they are, and marks the lowest loss", () => {
    const [best] = document.querySelectorAll("td.best");
    expect(best?.textContent).toBe("0.49000");
    expect(document.body.textContent).toContain("below sgd by 0.0100");
  });

  test("names runs that diverged, and does without charts if all did", () => {
    const results = makeResults();
    const page = renderReport({ ...results, runs: [], diverged: results.runs.map(({ optimizer }) => optimizer) });
    expect(page).toContain("diverged");
    expect(page).not.toContain("<svg");
  });

  test("copes with a curve of one point, and with a bucket that no test occurrence falls into", () => {
    const results = makeResults();
    const runs = results.runs.map((run) => ({
      ...run,
      curve: run.curve.slice(0, 1),
      buckets: run.buckets.map((bucket) =>
        bucket.bucket === "head" ? { ...bucket, occurrences: 0, logLoss: null, meanSquaredGradient: null } : bucket,
      ),
    }));
    expect(renderReport({ ...results, runs, oracle: null }).match(/NaN|Infinity|undefined/g)).toBeNull();
  });
});

describe("Markup", () => {
  test("escapes every text between tags and in attributes", () => {
    expect(html`<p title="${'"<&>'}">${"<b>'x' & y</b>"}</p>`.text).toBe(
      '<p title="&#34;&#60;&#38;&#62;">&#60;b&#62;&#39;x&#39; &#38; y&#60;/b&#62;</p>',
    );
  });

  test("takes markup as it is, lists in order, and null as nothing", () => {
    expect(html`<ul>${[html`<li>${1}</li>`, html`<li>${2}</li>`]}</ul>${null}`.text).toBe(
      "<ul><li>1</li><li>2</li></ul>",
    );
  });

  test("reaches titles in the page", () => {
    const page = renderReport({ ...makeResults(), title: "</title><script>alert(1)</script> synthetic" });
    expect(page).not.toContain("<script");
    expect(page).toContain("&#60;script&#62;");
  });
});

function makeResults(): Results {
  return {
    title: "Synthetic click log, seed 1",
    synthetic: true,
    fields: 2,
    rows: 5,
    trainExamples: 1000,
    testExamples: 100,
    positiveRate: 0.3,
    recipe: { dim: 2, batch: 16, epochs: 1, seed: 1 },
    oracle: { logLoss: 0.4, auc: 0.8, buckets: makeRun({ type: "tallygrad" }, 0.4).buckets },
    runs: [makeRun({ type: "tallygrad" }, 0.49), makeRun({ type: "sgd", lr: 0.1 }, 0.5)],
    diverged: [],
    machine: "a machine",
  };
}

function makeRun(optimizer: Optimizer, logLoss: number): Run {
  return {
    optimizer,
    lr: 0.05,
    logLoss,
    auc: 1 - logLoss,
    examplesPerSecond: 1000,
    stateBytesPerRow: 4,
    buckets: (["tail", "middle", "head"] as const).map((bucket, index) => ({
      ...{ bucket, rows: 10, occurrences: 100, logLoss: logLoss + index / 100, meanSquaredGradient: 0.01 },
    })),
    curve: [1, 2, 3, 4].map((point) => ({ examples: 250 * point, logLoss: logLoss + 0.1 / point })),
    rates: { samples: [1, 10, 100, 1000].map((tally) => ({ tally, rate: 0.1 / Math.sqrt(tally) })), headSlope: -0.5 },
  };
}
