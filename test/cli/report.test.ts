/** The report asks nothing of the network, escapes its texts, draws every contestant, and names what is synthetic. */
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { html } from "../../src/compare/report/html.js";
import { type Comparison, renderReport } from "../../src/compare/report/page.js";
import type { Outcome, Run } from "../../src/compare/study.js";

describe("The report", () => {
  const page = renderReport(comparison());
  const { document } = parseHTML(page);

  test("is self-contained: no address, no script, no style sheet or image from elsewhere", () => {
    expect(page.match(/https?:|(?:src|href)=|url\([^#)]|@import|<script|<link|<img/gi)).toBeNull();
  });

  test("draws each of its five figures for a desktop and for a phone, with what was measured and how below it", () => {
    const figures = [...document.querySelectorAll("figure")];
    expect(figures.length).toBe(5);
    for (const figure of figures) {
      expect(figure.querySelectorAll(".wide svg").length).toBe(1);
      expect(figure.querySelectorAll(".narrow svg").length).toBe(1);
      expect(figure.querySelector("figcaption")?.textContent).toMatch(/seed/);
    }
  });

  test("takes its colours from variables that both themes define", () => {
    const used = new Set([...page.matchAll(/var\(--([a-z-]+)/g)].map(([, name]) => name));
    const [light = "", dark = ""] = page.split("prefers-color-scheme: dark");
    for (const name of ["paper", "ink", "line", "tallygrad", "sgd", "adagrad"]) {
      expect(used).toContain(name);
      expect(light).toContain(`--${name}:`);
      expect(dark).toContain(`--${name}:`);
    }
  });

  test("says in every caption that synthetic data are synthetic, and does not call real ones so", () => {
    for (const { textContent } of document.querySelectorAll("figcaption")) expect(textContent).toMatch(/synthetic/i);
    const { oracle: _, ...real } = comparison();
    expect(parseHTML(renderReport({ ...real, title: "clicks.csv" })).document.body.textContent).not.toMatch(
      /synthetic/i,
    );
  });

  test("has a row a contestant, best first, with spread over seeds, rate and distance to the best", () => {
    const rows = [...document.querySelectorAll("tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent?.trim()),
    );
    expect(rows.map(([name]) => name)).toEqual([
      "tallygradrate 0.05",
      "sgdrate 0.05, an edge",
      "adagradrate 0.01, given",
      "adamrate 0.05",
      "oracletrue probabilities",
    ]);
    // Seeds gave 0.490 and 0.492.
    expect(rows[0]).toEqual(["tallygradrate 0.05", "0.49100± 0.00100", "0.7000± 0.0000", "0.00000", "2,000", "4"]);
    expect(rows[1]?.[3]).toBe("0.01000");
    expect(rows[3]?.[1]).toBe("diverged");
    expect(rows[4]?.[1]).toBe("0.45000");
  });

  test("says if it was interrupted", () => {
    expect(page).not.toContain("interrupted");
    expect(renderReport({ ...comparison(), interrupted: true })).toContain("interrupted");
  });

  test("copes with curves of one point, contestants that all diverged, and none of the optional figures", () => {
    const { study, ...rest } = comparison();
    const [first] = study.outcomes as [Outcome];
    const short = { ...first, runs: first.runs.map((run) => ({ ...run, curve: run.curve.slice(0, 1) })) };
    const bare = { ...first, runs: first.runs.map(({ byCount: _, rates: __, ...run }) => run) };
    const diverged = study.outcomes.filter(({ contestant }) => contestant === "adam");
    for (const outcomes of [[short], [bare], diverged]) {
      expect(renderReport({ ...rest, study: { ...study, outcomes } }).match(/NaN|Infinity|undefined/g)).toBeNull();
    }
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
    const page = renderReport({ ...comparison(), title: "</title><script>alert(1)</script> synthetic" });
    expect(page).not.toContain("<script");
    expect(page).toContain("&#60;script&#62;");
  });
});

function comparison(): Comparison {
  const outcomes = [
    outcome("sgd", 0.5, { tuned: { rate: 0.05, loss: 0.5, interior: false, tried: tried(0.5) } }),
    outcome("tallygrad", 0.49, { tuned: { rate: 0.05, loss: 0.49, interior: true, tried: tried(0.49) } }),
    outcome("adagrad", 0.51, { rate: 0.01 }),
    outcome("adam", Number.NaN, { tuned: { rate: 0.05, loss: Number.POSITIVE_INFINITY, interior: true, tried: [] } }),
  ];
  return {
    title: "Synthetic click log",
    method: "A factorization machine.",
    curve: "validation",
    examples: { train: 1000, validation: 100, test: 100 },
    oracle: [0.4, 0.5],
    study: { setting: "log", seeds: [1, 2], outcomes },
    machine: "a machine",
  };
}

const tried = (loss: number) => [0.025, 0.05, 0.1].map((rate) => ({ rate, loss: loss + Math.abs(rate - 0.05) / 10 }));

function outcome(contestant: string, loss: number, how: Partial<Outcome>): Outcome {
  return { contestant, rate: 0.05, runs: [run(contestant, loss), run(contestant, loss + 0.002)], ...how };
}

function run(contestant: string, loss: number): Run {
  if (Number.isNaN(loss)) {
    const test = { "log-loss": loss, AUC: loss };
    return { validation: Number.POSITIVE_INFINITY, test, curve: [], speed: loss, stateBytes: loss };
  }
  const rows = [1, 10, 100, 1000].map((count) => ({ count, value: 0.1 / Math.sqrt(count) }));
  return {
    validation: loss,
    test: { "log-loss": loss, AUC: 0.7 },
    curve: [1, 2, 3, 4].map((point) => ({ at: 250 * point, loss: loss + 0.1 / point })),
    speed: 2000,
    stateBytes: 4,
    byCount: [0, 1, 2, 4].map((from) => ({ from, below: 2 * from || 1, examples: 300, loss: loss + from / 100 })),
    rates: rows,
    ...(contestant === "adagrad" && { accumulators: { rows, slope: 1, r2: 0.9 } }),
  };
}
