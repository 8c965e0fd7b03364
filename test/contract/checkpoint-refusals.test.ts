/** Files that are cut off, changed or something else: a coded error, and never a table that is not the one that was saved. */
import { describe, expect, test } from "vitest";
import type { Source } from "../../index.js";
import { at } from "../oracle/at.js";
import { EmbeddingTable, EmbeddingTables, loadAll, saveAll } from "./subject.js";
import { skewedBatch } from "./support/batches.js";
import { Random, seed } from "./support/random.js";
import type { Refusal } from "./support/refusals.js";
import { expectRefusal } from "./support/refusals.js";

const [rows, dim] = [6, 3];

/** A table with every part there is: two rates that rows have missed, decaying tallies, state. */
function trained(): EmbeddingTable {
  const optimizer = { type: "adam", scope: "all" } as const;
  const table = new EmbeddingTable({ rows, dim, paddingId: 5, optimizer, tally: { halfLife: 5 } });
  for (const lr of [0.1, 0.2]) {
    table.lr = lr;
    const { ids, gradients } = skewedBatch(new Random(seed), rows, dim, 3);
    table.update(ids, gradients);
  }
  return table;
}

async function bytesOf(table: EmbeddingTable): Promise<Uint8Array> {
  return new Uint8Array(await (await table.save()).arrayBuffer());
}

interface Header {
  __metadata__: Record<string, string>;
  [tensor: string]: { dtype?: string; shape?: number[]; data_offsets?: number[] } & Record<string, unknown>;
}

function headerIn(file: Uint8Array): { header: Header; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return { header, data: file.subarray(8 + length) };
}

function fileOf(header: unknown, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

async function expectRefused(file: Source, refusal: Partial<Refusal> = {}): Promise<void> {
  const outcome = await EmbeddingTable.load(file).then(
    () => () => "loaded",
    (error) => () => {
      throw error;
    },
  );
  expectRefusal(outcome, { code: "ERR_FILE_FORMAT", ...refusal });
}

test("a file that ends early, wherever that is", async () => {
  const file = await bytesOf(trained());
  for (let length = 0; length < file.length; length += 1) {
    await expectRefused(file.subarray(0, length));
    if (length % 37 === 0) await expectRefused(new Blob([file.slice(0, length)]).stream());
  }
});

test("a file that goes on behind its end", async () => {
  const file = await bytesOf(trained());
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  await expectRefused(longer, { mentions: [`${longer.length}`, `${file.length}`] });
  await expectRefused(new Blob([longer]).stream(), { mentions: [`${file.length}`] });
});

test(`a changed byte in the header: an error, or the same table (seed ${seed})`, async () => {
  const [table, random] = [trained(), new Random(seed)];
  const file = await bytesOf(table);
  const end = file.length - headerIn(file).data.length;
  let refused = 0;
  for (let trial = 0; trial < 400; trial += 1) {
    const changed = file.slice();
    changed[random.below(end)] = random.below(256);
    await EmbeddingTable.load(changed).then(
      (loaded) => expect([loaded.rows, loaded.dim]).toEqual([rows, dim]),
      (error) => {
        expect(error).toHaveProperty("code", expect.stringMatching(/^ERR_/));
        refused += 1;
      },
    );
  }
  expect(refused).toBeGreaterThan(100);
});

describe("a file that is something else", () => {
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  test.each<[name: string, file: Uint8Array, mentions: string[]]>([
    ["empty", new Uint8Array(), ["byte 0"]],
    ["text", text("a file with some text in it, which is no header"), ["safetensors"]],
    ["a length that no header has", new Uint8Array(64).fill(255), ["16777216"]],
    ["no JSON", fileOf("{{", new Uint8Array()), ["JSON"]],
    ["an array", fileOf("[]", new Uint8Array()), ["header"]],
    ["no UTF-8", (() => fileOf("{x", new Uint8Array()).fill(0xff, 9))(), ["JSON"]],
    [
      "another's tensors",
      fileOf({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4)),
      ["tallygrad"],
    ],
    ["metadata that is a list", fileOf({ __metadata__: [] }, new Uint8Array()), ["__metadata__"]],
    ["metadata with a number", fileOf({ __metadata__: { tallygrad: 1 } }, new Uint8Array()), ["strings"]],
    [
      "an unknown dtype",
      fileOf({ w: { dtype: "F7", shape: [], data_offsets: [0, 1] } }, new Uint8Array(1)),
      ["tallygrad"],
    ],
    [
      "a shape below 0",
      fileOf({ w: { dtype: "U8", shape: [-1], data_offsets: [0, 1] } }, new Uint8Array(1)),
      ["shape"],
    ],
    [
      "a shape of halves",
      fileOf({ w: { dtype: "F32", shape: [0.5], data_offsets: [0, 2] } }, new Uint8Array(2)),
      ["shape"],
    ],
    [
      "a shape too large to count",
      fileOf({ w: { dtype: "U8", shape: [2 ** 50, 2 ** 50], data_offsets: [0, 1] } }, new Uint8Array(1)),
      ["takes"],
    ],
    [
      "offsets that leave a hole",
      fileOf({ w: { dtype: "U8", shape: [1], data_offsets: [1, 2] } }, new Uint8Array(2)),
      ["begins at byte 1"],
    ],
    [
      "offsets of another length",
      fileOf({ w: { dtype: "U8", shape: [1], data_offsets: [0, 2] } }, new Uint8Array(2)),
      ["2 bytes"],
    ],
    ["no offsets", fileOf({ w: { dtype: "U8", shape: [1] } }, new Uint8Array(1)), ["data_offsets"]],
  ])("%s", async (_name, file, mentions) => {
    await expectRefused(file, { mentions });
  });

  test.each<[name: string, source: unknown]>([
    ["a number", 3],
    ["nothing", undefined],
    ["an object", {}],
    ["floats", new Float32Array(8)],
  ])("%s in place of a source", async (_name, source) => {
    await expectRefused(source as Source, { code: "ERR_WRONG_CLASS", mentions: ["source"] });
  });
});

describe("a checkpoint whose header says", () => {
  type Entry = { version: unknown; members: Record<string, Record<string, unknown>> };
  const withEntry = async (change: (entry: Entry) => void): Promise<Uint8Array> => {
    const { header, data } = headerIn(await bytesOf(trained()));
    const entry = JSON.parse(header.__metadata__.tallygrad ?? "");
    change(entry);
    header.__metadata__.tallygrad = JSON.stringify(entry);
    return fileOf(header, data);
  };
  const withMember = (change: (member: Record<string, unknown>, options: Record<string, unknown>) => void) =>
    withEntry(({ members }) => {
      const member = members[""] ?? {};
      change(member, member.options as Record<string, unknown>);
    });

  test.each<[name: string, change: (entry: Entry) => void, mentions: string[]]>([
    [
      "another version",
      (entry) => {
        entry.version = 2;
      },
      ["version", "2"],
    ],
    [
      "no members",
      (entry) => {
        entry.members = {};
      },
      ["belongs to no member"],
    ],
    [
      "members that are none",
      (entry) => {
        entry.members = 3 as never;
      },
      ["members"],
    ],
    [
      "a member without kind",
      (entry) => {
        entry.members[""] = {};
      },
      ["kind"],
    ],
    [
      "another kind",
      (entry) => {
        entry.members[""] = { kind: "matrix" };
      },
      [],
    ],
  ])("%s", async (_name, change, mentions) => {
    await expectRefused(await withEntry(change), { mentions });
  });

  test.each<
    [
      name: string,
      change: (member: Record<string, unknown>, options: Record<string, unknown>) => void,
      mentions: string[],
    ]
  >([
    [
      "more rows than its tensors",
      (_, options) => {
        options.rows = 7;
      },
      ["[7]", "[6]"],
    ],
    [
      "rows without number",
      (_, options) => {
        options.rows = 4e9;
      },
      ["4000000000"],
    ],
    [
      "another dim",
      (_, options) => {
        options.dim = 4;
      },
      ["[6, 4]", "[6, 3]"],
    ],
    [
      "another dtype",
      (_, options) => {
        options.dtype = "bf16";
      },
      ["BF16", "F32"],
    ],
    [
      "another optimizer",
      (_, options) => {
        options.optimizer = { type: "sgd", lr: 1 };
      },
      ["tensor"],
    ],
    [
      "an unknown optimizer",
      (_, options) => {
        options.optimizer = { type: "sgdd" };
      },
      ["sgdd"],
    ],
    [
      "an unknown option",
      (_, options) => {
        options.row = 4;
      },
      ["row"],
    ],
    [
      "options that are none",
      (member) => {
        member.options = null;
      },
      ["options"],
    ],
    [
      "a step that is none",
      (member) => {
        member.step = -1;
      },
      ["step"],
    ],
    [
      "a step before those of rows",
      (member) => {
        member.step = 1;
      },
      ["run_step[1]"],
    ],
    [
      "a rate that is none",
      (member) => {
        member.lr = "1";
      },
      ["lr"],
    ],
    [
      "a negative rate",
      (member) => {
        member.lr = -1;
      },
      ["lr"],
    ],
    [
      "a negative factor",
      (member) => {
        member.factor = -1;
      },
      ["factor"],
    ],
    [
      "more runs than there are",
      (member) => {
        member.runs = 3;
      },
      ["run_step"],
    ],
    [
      "runs beyond measure",
      (member) => {
        member.runs = 2 ** 40;
      },
      ["runs"],
    ],
  ])("%s", async (_name, change, mentions) => {
    await expectRefused(await withMember(change), { mentions });
  });
});

describe("a checkpoint with", () => {
  /** A file in which number `item` of a tensor is another. */
  const withNumber = async (tensor: string, item: number, value: number): Promise<Uint8Array> => {
    const { header, data } = headerIn(await bytesOf(trained()));
    const { dtype, data_offsets: offsets = [] } = at([header[tensor]], 0) ?? {};
    const changed = data.slice();
    const view = new DataView(changed.buffer, at(offsets, 0));
    if (dtype === "U64") view.setBigUint64(8 * item, BigInt(value), true);
    else if (dtype === "F64") view.setFloat64(8 * item, value, true);
    else view.setFloat32(4 * item, value, true);
    return fileOf(header, changed);
  };

  test.each([
    ["run_step", 0, 0],
    ["run_step", 1, 1],
    ["run_step", 1, 3],
    ["run_lr", 0, Number.NaN],
    ["run_lr", 0, -1],
    ["run_lr", 1, 0.1],
    ["run_lr", 1, Number.POSITIVE_INFINITY],
    ["last_step", 2, 3],
    ["last_step", 5, 2 ** 40],
    ["tally", 1, -1],
    ["tally", 1, Number.NaN],
    ["tally", 1, Number.POSITIVE_INFINITY],
    ["tally_step", 4, 3],
    ["weight", 3 * 5 + 1, 0.5],
  ])("%s[%s] = %s, which no table has", async (tensor, item, value) => {
    const place = tensor === "weight" ? "weight[5]" : `${tensor}[${item}]`;
    await expectRefused(await withNumber(tensor, item, value), { mentions: [place] });
  });

  test("weights that are not finite is one that training can leave behind", async () => {
    const table = await EmbeddingTable.load(await withNumber("weight", 4, Number.NaN));
    expect(table.lookup([1])[1]).toBeNaN();
  });
});

describe("what is loaded as something else", () => {
  test("several members as one table", async () => {
    const file = await saveAll({ a: trained(), b: trained() });
    await expectRefused(file, { mentions: ["loadAll"] });
  });

  test("a schedule that is a function, left out, or given to a table without", async () => {
    const scheduled = new EmbeddingTable({ rows, dim, schedule: () => 1 });
    await expectRefused(await scheduled.save(), { code: "ERR_MISSING_OPTION", mentions: ["schedule"] });
    const outcome = await EmbeddingTable.load(await trained().save(), { schedule: () => 1 }).catch((error) => error);
    expect(outcome).toMatchObject({ code: "ERR_OPTION_CONFLICT" });
  });

  test.each<[options: object, code: string]>([
    [{ threads: 0 }, "ERR_OPTION_VALUE"],
    [{ backend: "gpu" }, "ERR_OPTION_VALUE"],
    [{ shedule: () => 1 }, "ERR_UNKNOWN_OPTION"],
    [{ schedule: { type: "constant" } }, "ERR_OPTION_VALUE"],
    [{ signal: true }, "ERR_OPTION_VALUE"],
    [{ onProgress: 3 }, "ERR_OPTION_VALUE"],
  ])("options %j", async (options, code) => {
    expect(await EmbeddingTable.load(await trained().save(), options).catch((error) => error)).toMatchObject({ code });
  });

  test("features whose table is not there", async () => {
    const file = new Uint8Array(await (await saveAll({ m: new EmbeddingTables({ a: { rows, dim } }) })).arrayBuffer());
    const { header, data } = headerIn(file);
    for (const features of [{ a: "b" }, { b: "b" }, 3]) {
      const entry = JSON.parse(header.__metadata__.tallygrad ?? "");
      entry.members.m.features = features;
      const changed = { ...header, __metadata__: { tallygrad: JSON.stringify(entry) } };
      const outcome = await loadAll(fileOf(changed, data)).catch((error) => error);
      expect(outcome).toHaveProperty("code", expect.stringMatching(/^ERR_/));
    }
  });

  test("a feature that has a table of its own and another's", async () => {
    const tables = new EmbeddingTables({ a: { rows, dim }, b: { rows, dim } });
    const { header, data } = headerIn(new Uint8Array(await (await saveAll({ m: tables })).arrayBuffer()));
    const entry = JSON.parse(header.__metadata__.tallygrad ?? "");
    entry.members.m.features.a = "b";
    const changed = { ...header, __metadata__: { tallygrad: JSON.stringify(entry) } };
    const outcome = await loadAll(fileOf(changed, data)).catch((error) => error);
    expect(outcome).toMatchObject({ code: "ERR_FILE_FORMAT", message: expect.stringContaining('"a"') });
  });
});
