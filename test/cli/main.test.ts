/** The command line as a user types it: files, one-line errors, exit codes, Ctrl-C. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FactorizationMachine, metricsOf, SkipGram } from "tallygrad/models";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/models/random.js";

const program = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tallygrad-cli-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

function tallygrad(...args: string[]) {
  return spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
}

/** Clicks that a user's and a film's number say almost for certain. */
function clicks(count: number, seed: number): string {
  const random = new Random(seed, "clicks");
  const lines = Array.from({ length: count }, () => {
    const [user, film] = [random.below(20), random.below(10)];
    const clicked = random.uniform() < 0.05 ? random.below(2) : (user + film) % 2;
    return `${clicked},u${user},f${film},${(user / 20).toFixed(2)},${user % 3 === 0 ? "a|b" : "c"}`;
  });
  return `clicked,user,film,age,tags\n${lines.join("\n")}\n`;
}

beforeAll(() => {
  writeFileSync(at("clicks.csv"), clicks(3000, 1));
  writeFileSync(at("later.csv"), clicks(500, 2));
});

describe("train, evaluate and neighbors", () => {
  test("learn from a CSV file, and say how well", async () => {
    const flags = ["--label", "clicked", "--numeric", "age", "--bags", "tags=|"];
    const trained = tallygrad("train", "clicks.csv", ...flags, "--dim", "4", "--out", "model.safetensors");
    expect([trained.status, trained.stderr]).toEqual([0, ""]);
    expect(trained.stdout).toMatch(/^Validation, 300 examples: log-loss 0\.\d{5}, AUC 0\.9\d+, mean prediction/);
    expect(trained.stdout).toContain("model.safetensors is written");
    const evaluated = tallygrad("evaluate", "model.safetensors", "later.csv", ...flags, "--json");
    expect([evaluated.status, evaluated.stderr]).toEqual([0, ""]);
    const metrics = JSON.parse(evaluated.stdout);
    expect(metrics).toMatchObject({ examples: 500 });
    expect(metrics.auc).toBeGreaterThan(0.9);
    // The same file, read by the library, and judged by itself.
    using model = await FactorizationMachine.load(at("model.safetensors"));
    const rows = readFileSync(at("later.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));
    const column = (index: number): string[] => rows.map((row) => row[index] ?? "");
    const tags = column(4).map((text) => text.split("|"));
    const predictions = model.predict({
      columns: {
        user: column(1),
        film: column(2),
        age: Float32Array.from(column(3), Number),
        tags: { values: tags.flat(), offsets: [0, ...tags.map((_, end) => tags.slice(0, end + 1).flat().length)] },
      },
    });
    expect(metrics.loss).toBeCloseTo(metricsOf(predictions, column(0).map(Number)).loss, 12);
    const alike = tallygrad("neighbors", "model.safetensors", "f1", "--field", "film", "-k", "4", "--json");
    const films = JSON.parse(alike.stdout)[0].neighbors.map(({ word }: { word: string }) => word);
    expect(films.sort()).toEqual(["f3", "f5", "f7", "f9"]);
  }, 60_000);

  test("take every flag from a JSON file as well, and what is typed wins", () => {
    const config = {
      label: "clicked",
      fields: ["user", "film"],
      bags: {},
      epochs: 1,
      validation: 0,
      out: "one.safetensors",
    };
    writeFileSync(at("train.json"), JSON.stringify({ ...config, optimizer: { type: "adagrad", lr: 0.05 }, seed: 3 }));
    expect(tallygrad("train", "clicks.csv", "--config", "train.json").stderr).toBe("");
    const typed = ["--label", "clicked", "--fields", "user,film", "--epochs", "1", "--validation", "0"];
    const optimizer = '{"type":"adagrad","lr":0.05}';
    tallygrad("train", "clicks.csv", ...typed, "--optimizer", optimizer, "--seed", "3", "-o", "two.safetensors");
    expect(readFileSync(at("one.safetensors")).equals(readFileSync(at("two.safetensors")))).toBe(true);
    tallygrad("train", "clicks.csv", "--config=train.json", "--seed", "4", "-o", "three.safetensors");
    expect(readFileSync(at("three.safetensors")).equals(readFileSync(at("two.safetensors")))).toBe(false);
    writeFileSync(at("wrong.json"), JSON.stringify({ label: "clicked", epoch: 3 }));
    expect(tallygrad("train", "clicks.csv", "--config", "wrong.json").stderr).toContain("unknown option '--epoch");
    writeFileSync(at("broken.json"), "{");
    const { status, stderr } = tallygrad("train", "clicks.csv", "--config", "broken.json");
    expect([status, stderr]).toEqual([2, expect.stringContaining("broken.json is not JSON")]);
  }, 60_000);

  test("go on with a model, and stream", async () => {
    const flags = ["--label", "clicked", "--fields", "user,film", "--validation", "0", "--epochs", "1"];
    expect(
      tallygrad("train", "clicks.csv", ...flags, "--stream", "--capacity", "64", "-o", "s.safetensors").status,
    ).toBe(0);
    expect(tallygrad("train", "later.csv", ...flags, "--from", "s.safetensors", "-o", "s2.safetensors").status).toBe(0);
    using one = await FactorizationMachine.load(at("s.safetensors"));
    using two = await FactorizationMachine.load(at("s2.safetensors"));
    expect([one.vectors.step, two.vectors.step]).toEqual([3, 4]);
    expect([one.vectors.rows, two.vectors.rows]).toEqual([64, 64]);
  }, 60_000);

  test("learn words from a text", async () => {
    const random = new Random(3, "text");
    const words = (names: string): string =>
      Array.from({ length: 8 }, () => names[random.below(names.length)]).join(" ");
    writeFileSync(
      at("text.txt"),
      `${Array.from({ length: 600 }, (_, line) => words(line % 2 ? "abcd" : "wxyz")).join("\n")}\n`,
    );
    const flags = ["--model", "skip-gram", "--dim", "16", "--epochs", "3", "-o", "words.safetensors"];
    const { status, stdout } = tallygrad("train", "text.txt", ...flags, "--vectors", "vectors.txt");
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^8 words, loss .*words.safetensors and vectors.txt written/),
    ]);
    expect(readFileSync(at("vectors.txt"), "utf8").split("\n")[0]).toBe("8 16");
    const alike = JSON.parse(tallygrad("neighbors", "words.safetensors", "a", "-k", "3", "--json").stdout);
    expect(alike[0].neighbors.map(({ word }: { word: string }) => word).sort()).toEqual(["b", "c", "d"]);
    using model = await SkipGram.load(at("words.safetensors"));
    expect(alike[0].neighbors).toEqual(model.neighbors("a", 3));
    const unknown = tallygrad("neighbors", "words.safetensors", "a", "nosuch");
    expect([unknown.status, unknown.stderr]).toEqual([1, "unknown: nosuch\n"]);
  }, 60_000);

  test("count malformed lines if they are to be skipped, else say where they are", () => {
    writeFileSync(at("bad.csv"), `${clicks(50, 4)}maybe,u1,f1,0.5,a\n`);
    const flags = ["--label", "clicked", "--validation", "0", "-o", "b.safetensors"];
    const stopped = tallygrad("train", "bad.csv", ...flags);
    expect([stopped.status, stopped.stderr]).toEqual([1, expect.stringMatching(/bad\.csv:52: clicked .*maybe/)]);
    expect(existsSync(at("b.safetensors"))).toBe(false);
    const skipped = tallygrad("train", "bad.csv", ...flags, "--malformed", "skip");
    expect([skipped.status, skipped.stderr]).toEqual([0, "bad.csv: 1 malformed line skipped\n"]);
  }, 60_000);
});

test("compare searches rates, and writes a report and JSON", () => {
  const flags = [
    "--label",
    "clicked",
    "--fields",
    "user,film",
    "--dim",
    "4",
    "--batch",
    "64",
    "--seeds",
    "2",
    "--epochs",
    "3",
  ];
  const optimizers = [
    "--optimizer",
    "tallygrad",
    "--optimizer",
    "sgd",
    "--optimizer",
    '{"type":"adam","lr":0.01,"beta1":0}',
  ];
  const { status, stdout, stderr } = tallygrad(
    "compare",
    "clicks.csv",
    ...flags,
    ...optimizers,
    "--json",
    "--report",
    "c.html",
  );
  expect([status, stderr]).toEqual([0, ""]);
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({
    data: "clicks.csv",
    examples: { train: 2400, validation: 300, test: 300 },
    seeds: [1, 2],
  });
  // At its default and tuned; tuned; tuned.
  const rows = found.results.map(({ optimizer, rateWas }: { optimizer: string; rateWas: string }) => [
    optimizer,
    rateWas,
  ]);
  expect(rows.map(([name]: [string]) => name).sort()).toEqual(["adam, beta1 0", "sgd", "tallygrad", "tallygrad"]);
  expect(found.results[0].behind).toBeGreaterThanOrEqual(0);
  for (const row of found.results) {
    expect(row["log-loss"].length).toBe(2);
    expect(["tuned", "edge", "given"]).toContain(row.rateWas);
  }
  expect(readFileSync(at("c.html"), "utf8")).toMatch(/^<!doctype html>/);
}, 120_000);

test("demo ranks six optimizers above the oracle, and is quiet where nobody watches", () => {
  const { status, stdout, stderr } = tallygrad("demo", "--examples", "2000", "--seeds", "1", "--json");
  expect([status, stderr]).toEqual([0, ""]);
  const { results, oracle } = JSON.parse(stdout);
  const bytes = Object.fromEntries(
    results.map((row: { optimizer: string; stateBytesPerRow: number }) => [row.optimizer, row.stateBytesPerRow]),
  );
  expect(bytes).toEqual({ tallygrad: 4, "cf-sgd": 4, sgd: 0, adagrad: 32, "rowwise-adagrad": 4, adam: 64 });
  for (const row of results) expect(row["log-loss"][0]).toBeGreaterThan(oracle[0]);
  expect(readFileSync(at("report.html"), "utf8")).toContain("Synthetic");
}, 120_000);

describe("Ctrl-C", () => {
  test("saves what was learned", async () => {
    const flags = ["--label", "clicked", "--validation", "0", "--epochs", "1000000", "-o", "cut.safetensors"];
    const child = spawn(process.execPath, [program, "train", "clicks.csv", ...flags], { cwd: folder });
    let printed = "";
    child.stdout.on("data", (text) => {
      printed += text;
    });
    setTimeout(() => child.kill("SIGINT"), 2500);
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect([status, printed]).toEqual([
      130,
      expect.stringMatching(/^Interrupted after [\d,]+ examples; cut.safetensors is written/),
    ]);
    using model = await FactorizationMachine.load(at("cut.safetensors"));
    expect(model.vectors.step).toBeGreaterThan(0);
  }, 60_000);
});

test("every command in docs/command-line.md runs", () => {
  writeFileSync(at("text.txt"), "a b c\nb c d\n".repeat(200));
  const guide = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");
  const commands = [...guide.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.trim().split("\n"));
  expect(commands.length).toBeGreaterThan(6);
  for (const command of commands) {
    const [name, ...args] = Array.from(
      command.matchAll(/"([^"]*)"|(\S+)/g),
      ([, quoted, plain = ""]) => quoted ?? plain,
    );
    expect(name).toBe("tallygrad");
    const { status, stderr } = tallygrad(...args);
    expect([command, status, stderr]).toEqual([command, 0, ""]);
  }
}, 120_000);

test("--help shows every command and every flag, and ends well", () => {
  const { status, stdout } = tallygrad("--help");
  expect(status).toBe(0);
  for (const command of ["train", "evaluate", "neighbors", "compare", "demo"]) {
    expect(stdout).toContain(`  ${command} `);
    const help = tallygrad(command, "--help");
    expect([help.status, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain("--json");
  }
}, 60_000);

test.each<[args: string[], status: number, says: string | RegExp]>([
  [["nosuch"], 2, "unknown command 'nosuch'"],
  [["train"], 2, "missing required argument 'file'"],
  [["train", "clicks.csv"], 2, "--label says which column"],
  [["train", "clicks.csv", "--lable", "clicked"], 2, /unknown option '--lable'.*Did you mean --label/s],
  [["train", "clicks.csv", "--label", "nosuch"], 1, /clicks\.csv.*nosuch/],
  [["train", "nosuch.csv", "--label", "clicked"], 1, "nosuch.csv"],
  [["train", "clicks.csv", "--epochs", "0"], 2, "It must be an integer from 1"],
  [["train", "clicks.csv", "--lr", "-1"], 2, "It must be a number above 0"],
  [["train", "clicks.csv", "--validation", "1.5"], 2, "A share must be from 0 to below 1"],
  [["train", "clicks.csv", "--out", "no/such/folder"], 2, "a folder that exists"],
  [["train", "clicks.csv", "--label", "clicked", "--optimizer", "sdg"], 2, 'there is no rule "sdg"'],
  [["train", "clicks.csv", "--label", "clicked", "--optimizer", '{"type":"sgd","lr":0.1,"momentun":1}'], 1, "momentun"],
  [["train", "clicks.csv", "--label", "clicked", "--bags", "tags"], 2, "--bags must be name=separator"],
  [
    ["train", "clicks.csv", "--label", "clicked", "--stream", "--validation", "0.1"],
    2,
    "--validation must be another file",
  ],
  [["train", "clicks.csv", "--label", "clicked", "--window", "3"], 2, "--window means nothing to --model fm"],
  [
    ["train", "clicks.csv", "--model", "skip-gram", "--label", "clicked"],
    2,
    "--label means nothing to --model skip-gram",
  ],
  [["train", "clicks.csv", "--label", "clicked", "--from", "model.safetensors", "--lr", "1"], 2, /--from.*--lr/],
  [["evaluate", "clicks.csv", "clicks.csv", "--label", "clicked"], 1, "not a safetensors file"],
  [["neighbors", "model.safetensors", "f1"], 2, "--field says which field"],
  [["demo", "--config"], 2, "--config needs a file"],
  [["demo", "--config", "nosuch.json"], 1, "nosuch.json"],
])("%j ends with %i and says what is wrong", (args, status, says) => {
  const ended = tallygrad(...args);
  expect(ended.stdout).toBe("");
  expect(ended.stderr).toMatch(says);
  expect(ended.stderr.trimEnd().split("\n").length).toBeLessThan(4);
  expect(ended.status).toBe(status);
});
