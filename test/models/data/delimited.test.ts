/** readDelimited: what columns become, what each kind of malformed line says, and that pieces are those of one file. */
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import type { DelimitedOptions } from "../../../models.js";
import { readDelimited } from "../../../src/models/data/index.js";
import { expectRefused, fileOf, listsOf, piecesOf } from "./support.js";

const clicks = fileOf("click,user,price,tags", "1,ann,2.5,new|red", "0,bob,,", "1,,-1e3,red");
const options: DelimitedOptions = { label: "click", numeric: ["price"], bags: { tags: "|" } };

describe("columns", () => {
  test("are keys, numbers and bags; labels are numbers", async () => {
    const { columns, labels } = await readDelimited(clicks, options).all();
    expect(labels).toEqual(Float32Array.of(1, 0, 1));
    expect(Object.keys(columns)).toEqual(["user", "price", "tags"]);
    expect(columns.user).toEqual({ values: ["ann", "bob"], offsets: Uint32Array.of(0, 1, 2, 2) });
    expect(columns.price).toEqual(Float32Array.of(2.5, 0, -1000));
    expect(columns.tags).toEqual({ values: ["new", "red", "red"], offsets: Uint32Array.of(0, 2, 2, 3) });
  });

  test("of keys are plain in pieces where no value is missing", async () => {
    const [first, second] = await piecesOf(readDelimited(clicks, { ...options, piece: 2 }));
    expect(first?.columns.user).toEqual(["ann", "bob"]);
    expect(second?.columns.user).toEqual({ values: [], offsets: Uint32Array.of(0, 0) });
  });

  test("are those that are asked for, in that order", async () => {
    const reader = readDelimited(clicks, { label: "price", fields: ["tags", "user"], malformed: "skip" });
    const { columns, labels } = await reader.all();
    expect(Object.keys(columns)).toEqual(["tags", "user"]);
    expect(columns.tags).toEqual(["new|red", "red"]);
    expect(labels).toEqual(Float32Array.of(2.5, -1000));
    expect(reader.skipped).toBe(1);
  });

  test("keep keys as they are written", async () => {
    const { columns } = await readDelimited(fileOf("y,k", "1,007", "1, 7 ", "1,7.0"), { label: "y" }).all();
    expect(columns.k).toEqual(["007", " 7 ", "7.0"]);
  });

  test("may have any name", async () => {
    const file = fileOf("y,__proto__,constructor,1", "1,a,b,c");
    const reader = readDelimited(file, { label: "y" });
    expect(Object.entries((await reader.all()).columns)).toEqual([
      ["1", ["c"]],
      ["__proto__", ["a"]],
      ["constructor", ["b"]],
    ]);
    expect(Object.keys(await reader.fields())).toEqual(["1", "__proto__", "constructor"]);
  });

  test("are told by fields()", async () => {
    expect(await readDelimited(clicks, options).fields()).toEqual({ user: {}, price: { numeric: true }, tags: {} });
  });
});

describe("labels", () => {
  test("are 1 from a number on, if one is given", async () => {
    const file = fileOf("stars,user", "3,a", "3.5,b", "5,c");
    expect((await readDelimited(file, { label: "stars", positiveFrom: 3.5 }).all()).labels).toEqual(
      Float32Array.of(0, 1, 1),
    );
    expect((await readDelimited(file, { label: "stars" }).all()).labels).toEqual(Float32Array.of(3, 3.5, 5));
  });
});

describe("files", () => {
  const expected = [["ann"], ["bob"], ["cy"]];
  const text = "click,user\n1,ann\n0,bob\n1,cy\n";
  test.each<[what: string, content: string | Uint8Array<ArrayBuffer>]>([
    ["as they are", text],
    ["with a byte order mark", `\ufeff${text}`],
    ["with Windows' line ends", text.replaceAll("\n", "\r\n")],
    ["without a last line feed", text.trimEnd()],
    ["with a last carriage return and no line feed", `${text.trimEnd()}\r`],
    ["with empty lines", `\n${text.replaceAll("\n", "\n\r\n\n")}`],
    ["with quotes", '"click","user"\n"1","ann"\n0,"bob"\n"1",cy\n'],
    ["that are gzipped", new Uint8Array(gzipSync(text))],
  ])("%s give the same examples", async (_, content) => {
    for (const source of [new Blob([content]), new Blob([content]).stream()]) {
      const { columns, labels } = await readDelimited(source, { label: "click" }).all();
      expect(listsOf(columns.user)).toEqual(expected);
      expect(labels).toEqual(Float32Array.of(1, 0, 1));
    }
  });

  test("may have delimiters, line ends and quotes in quotes", async () => {
    const file = fileOf('y,"a ""name"""', '1,"x,y"', '1,"line 1\r\nline 2\n"', '0,""""', '0,""');
    const { columns } = await readDelimited(file, { label: "y" }).all();
    expect(listsOf(columns['a "name"'])).toEqual([["x,y"], ["line 1\r\nline 2\n"], ['"'], []]);
  });

  test("may have quotes that mean nothing", async () => {
    const { columns } = await readDelimited(fileOf("y,k", '1,5" disk', '1,"'), { label: "y", quotes: false }).all();
    expect(columns.k).toEqual(['5" disk', '"']);
  });

  test.each([
    ["clicks.tsv", "\t"],
    ["clicks.TAB", "\t"],
    ["clicks.tsv.gz", "\t"],
    ["clicks.txt", ","],
  ])("called %s have the delimiter that the name says", async (name, delimiter) => {
    const file = new File([["y", "k"].join(delimiter), "\n", ["1", "a"].join(delimiter)], name);
    expect((await readDelimited(file, { label: "y" }).all()).columns).toEqual({ k: ["a"] });
  });

  test.each(["::", ";", " ", "|", "\u00a6"])("may have %j between fields", async (delimiter) => {
    const lines = [
      ["y", "k", "l"],
      ["1", '"a"', "b"],
    ].map((fields) => fields.join(delimiter));
    const { columns } = await readDelimited(fileOf(...lines), { label: "y", delimiter }).all();
    expect(columns).toEqual({ k: ["a"], l: ["b"] });
  });

  test("may have their names from elsewhere", async () => {
    const reader = readDelimited(fileOf("1,a", "0,b"), { label: "y", header: ["y", "k"] });
    expect((await reader.all()).columns).toEqual({ k: ["a", "b"] });
    expect(await reader.fields()).toEqual({ k: {} });
  });

  test("may be ISO-8859-1", async () => {
    const bytes = Uint8Array.of(...Buffer.from("y,k\n1,"), 0xe9, 0x80, 0xff);
    expect((await readDelimited(bytes, { label: "y", encoding: "latin1" }).all()).columns).toEqual({
      k: ["\u00e9\u0080\u00ff"],
    });
  });

  test("may have no example", async () => {
    const reader = readDelimited(fileOf("y,k,p"), { label: "y", numeric: ["p"] });
    expect(await piecesOf(reader)).toEqual([]);
    expect(await reader.all()).toEqual({ columns: { k: [], p: new Float32Array() }, labels: new Float32Array() });
  });
});

describe("pieces", () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `${i % 2},u${i}`);
  const file = fileOf("y,k", ...lines);

  test("are as long as asked for, but for the last", async () => {
    const pieces = await piecesOf(readDelimited(file, { label: "y", piece: 300 }));
    expect(pieces.map(({ labels }) => labels.length)).toEqual([300, 300, 300, 100]);
    expect(pieces.flatMap(({ columns }) => listsOf(columns.k))).toEqual(lines.map((_, i) => [`u${i}`]));
  });

  test("come before the file is read", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) =>
        controller.enqueue(new TextEncoder().encode(pulled++ === 0 ? "y,k\n" : "1,a\n".repeat(1000))),
    });
    for await (const { labels } of readDelimited(endless, { label: "y", piece: 10_000 })) {
      expect(labels).toHaveLength(10_000);
      expect(pulled).toBeLessThan(20);
      break;
    }
  });

  test("come anew with each iteration, but for a stream", async () => {
    const reader = readDelimited(file, { label: "y" });
    expect(await piecesOf(reader)).toEqual(await piecesOf(reader));
    const once = readDelimited(file.stream(), { label: "y" });
    expect(await once.fields()).toEqual({ k: {} });
    expect(await once.fields()).toEqual({ k: {} });
    expect(await once.all()).toEqual(await reader.all());
    await expect(once.all()).rejects.toMatchObject({
      code: "ERR_OPTION_VALUE",
      message: expect.stringContaining("only once"),
    });
  });

  test("stop with the signal's reason, and show progress in bytes", async () => {
    const controller = new AbortController();
    const onProgress = vi.fn();
    const reader = readDelimited(file, { label: "y", piece: 300, signal: controller.signal, onProgress });
    await reader.all();
    expect(onProgress).toHaveBeenLastCalledWith({ done: file.size, total: file.size });
    controller.abort("enough");
    await expect(reader.all()).rejects.toBe("enough");
    await expect(reader.fields()).rejects.toBe("enough");
  });

  test("stop with what onProgress throws", async () => {
    const onProgress = () => {
      throw new Error("no more");
    };
    await expect(readDelimited(file, { label: "y", onProgress }).all()).rejects.toThrow("no more");
  });

  test("that are left early give the file back", async () => {
    const cancel = vi.fn();
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("y,k\n1,a\n1,b\n")),
      cancel,
    });
    for await (const _ of readDelimited(stream, { label: "y", piece: 1 })) break;
    expect(cancel).toHaveBeenCalled();
  });
});

/** Lines of which the third is malformed, what an error says of it, and the keys that are left without it. */
const malformed: [what: string, lines: string[], says: string, left: string[]][] = [
  ["too few fields", ["1,a,1", "0,b", "1,c,2"], "the line has 2 fields, where 3 should be", ["a", "c"]],
  ["too many fields", ["1,a,1", "0,b,1,", "1,c,2"], "the line has 4 fields, where 3 should be", ["a", "c"]],
  ["a label that is no number", ["1,a,1", "yes,b,1", "1,c,2"], 'y must be a finite number, but is "yes"', ["a", "c"]],
  ["no label", ["1,a,1", ",b,1", "1,c,2"], 'y must be a finite number, but is ""', ["a", "c"]],
  ["a number in another notation", ["1,a,1", "1,b,0x10"], 'p must be a finite number, but is "0x10"', ["a"]],
  ["a number that is not finite", ["1,a,1", "1,b,NaN"], 'p must be a finite number, but is "NaN"', ["a"]],
  ["a number beyond float32", ["1,a,1", "1,b,1e39"], 'p must be a finite number, but is "1e39"', ["a"]],
  [
    "a long text for a number",
    ["1,a,1", `1,b,${"x".repeat(100)}`],
    `p must be a finite number, but is "${"x".repeat(60)}…"`,
    ["a"],
  ],
  [
    "text after a quote",
    ["1,a,1", '1,"b"b,1', "1,c,1"],
    "k has a quote that neither ends it nor is doubled",
    ["a", "c"],
  ],
  ["a quote inside", ["1,a,1", '1,b "b" b,1', "1,c,1"], "k has a quote, but does not begin with one", ["a", "c"]],
  [
    "a quote that nothing closes",
    ["1,a,1", '1,"b,1', "1,c,1"],
    "k begins with a quote that is not closed (by its quotes the record goes on to line 4)",
    ["a", "c"],
  ],
  [
    "a quote that a later line seems to close",
    ["1,a,1", '1,"b,1', "1,c,1", '1,d,"1"', '1,"e",1'],
    "k has a quote that neither ends it nor is doubled (by its quotes the record goes on to line 6)",
    ["a", "c", "d", "e"],
  ],
];

describe("a malformed line", () => {
  const read = (lines: string[], skip = false) =>
    readDelimited(fileOf("y,k,p", ...lines), { label: "y", numeric: ["p"], malformed: skip ? "skip" : "error" });

  test.each(malformed)("with %s is an error with its place, or left out and counted", async (_, lines, says, left) => {
    await expectRefused(read(lines), `clicks.csv:3: ${says}`);
    const reader = read(lines, true);
    const { columns, labels } = await reader.all();
    expect(columns.k).toEqual(left);
    expect(labels).toHaveLength(left.length);
    expect(columns.p).toHaveLength(left.length);
    expect(reader.skipped).toBe(1);
  });
});

describe("a line that cannot be read", () => {
  const bytes = (...parts: (string | number)[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...Buffer.from(part)])));

  test("is none in UTF-8", async () => {
    const file = bytes("y,k\n1,a\n1,", 0xe9, "\n1,c\n", 0xff, 0xfe, "\n0,d\n");
    await expectRefused(readDelimited(file, { label: "y" }), "the Uint8Array:3: the line is not UTF-8");
    const reader = readDelimited(file, { label: "y", malformed: "skip" });
    expect((await reader.all()).columns.k).toEqual(["a", "c", "d"]);
    expect(reader.skipped).toBe(2);
  });

  test("is cut off inside of a character", async () => {
    const file = bytes("y,k\n1,\u00e9").subarray(0, -1);
    await expectRefused(readDelimited(file, { label: "y" }), "the Uint8Array:2: the line is not UTF-8");
  });

  test("is part of a record in quotes", async () => {
    const file = bytes('y,k\n1,"a\n', 0xe9, '"\n1,c\n');
    await expectRefused(readDelimited(file, { label: "y" }), "the Uint8Array:3: the line is not UTF-8");
  });

  test.each([1, 2])("is longer than 4 MB, %i times", async (times) => {
    const long = `1,${"b".repeat(4_200_000)}\n`.repeat(times);
    const file = new File(["y,k\n1,a\n", long, "1,c\n", long.trimEnd()], "clicks.csv");
    await expectRefused(readDelimited(file, { label: "y" }), "clicks.csv:3: the line is longer than 4194304 bytes");
    const reader = readDelimited(file, { label: "y", malformed: "skip" });
    expect((await reader.all()).columns.k).toEqual(["a", "c"]);
    expect(reader.skipped).toBe(2 * times);
  });

  test("is long, but not too long", async () => {
    const key = "k".repeat(4_000_000);
    const { columns } = await readDelimited(fileOf("y,k", `1,${key}`, `1,"${key}"`), { label: "y" }).all();
    expect(columns.k).toEqual([key, key]);
  });

  test("begins with a quote that four megabytes do not close", async () => {
    const file = fileOf("y,k,l,m", `1,"a,b,c${"\n1,b,c,d".repeat(600_000)}`);
    const reader = readDelimited(file, { label: "y", fields: ["k"], malformed: "skip" });
    expect((await reader.all()).labels).toHaveLength(600_000);
    expect(reader.skipped).toBe(1);
  });
});

describe("a file is refused", () => {
  test.each<[why: string, lines: string[], options: Partial<DelimitedOptions>, says: string]>([
    ["that has only empty lines", ["", ""], {}, "clicks.csv has only empty lines"],
    ["without the label", ["klick,user", "1,a"], {}, 'clicks.csv:1: there is no column "click"; did you mean "klick"?'],
    [
      "without a field",
      ["", "click,user_id,item_id", "1,a,b"],
      { fields: ["user_id", "item"] },
      'clicks.csv:2: there is no column "item"; did you mean "item_id"?',
    ],
    [
      "without a number",
      ["click,user,price"],
      { numeric: ["prise"] },
      'clicks.csv:1: there is no column "prise"; did you mean "price"?',
    ],
    [
      "without a bag",
      ["click,user,tags"],
      { bags: { tag: "|" } },
      'clicks.csv:1: there is no column "tag"; did you mean "tags"?',
    ],
    [
      "with another delimiter",
      ["click;user", "1;a"],
      {},
      'clicks.csv:1: there is no column "click", only "click;user"; is the delimiter another than ","?',
    ],
    ["with a name twice", ["click,user,user"], {}, 'clicks.csv:1: two columns have the name "user"'],
    ["without a name", [",click,user"], {}, "clicks.csv:1: column 1 has no name; say which ones to read with fields"],
    [
      "with a broken header",
      ['click,"user', "1,a"],
      {},
      "clicks.csv:1: field 2 begins with a quote that is not closed (by its quotes the record goes on to line 2)",
    ],
    [
      "with other columns than said",
      ["1,a,b"],
      { header: ["click", "user"] },
      "clicks.csv:1: the line has 3 fields, where 2 should be",
    ],
    [
      "with a header that is called one",
      ["click,user"],
      { header: ["click", "user"] },
      'clicks.csv:1: click must be a finite number, but is "click"',
    ],
  ])("%s", async (_, lines, options, says) => {
    await expectRefused(readDelimited(fileOf(...lines), { label: "click", ...options }), says);
  });

  test("that is empty, malformed lines skipped or not", async () => {
    for (const source of [new File([], "clicks.csv"), new File([gzipSync("")], "clicks.csv")]) {
      for (const malformed of ["error", "skip"] as const) {
        const reader = readDelimited(source, { label: "y", malformed });
        await expectRefused(reader, "clicks.csv is empty");
        await expectRefused({ all: () => reader.fields() }, "clicks.csv is empty");
      }
    }
  });

  test("that is not there, as the file system says it", async () => {
    await expect(readDelimited("nowhere.csv", { label: "y" }).all()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("that has a column without a name only if it is read", async () => {
    const file = fileOf(",click,user,user", "0,1,a,b");
    expect((await readDelimited(file, { label: "click", fields: [] }).all()).labels).toEqual(Float32Array.of(1));
  });
});

describe("options are refused", () => {
  test.each<[options: object, code: string, says: string]>([
    [{}, "ERR_MISSING_OPTION", "label is required"],
    [{ label: 1 }, "ERR_OPTION_VALUE", "label must be a text that is not empty, but is 1"],
    [{ label: "y", lable: "y" }, "ERR_UNKNOWN_OPTION", "lable is not an option; did you mean label?"],
    [{ label: "y", fields: "k" }, "ERR_OPTION_VALUE", 'fields must be an array of columns\' names, but is "k"'],
    [{ label: "y", fields: ["k", 1] }, "ERR_OPTION_VALUE", "fields[1] must be a text"],
    [{ label: "y", fields: ["k", "k"] }, "ERR_OPTION_VALUE", 'fields has "k" twice'],
    [{ label: "y", fields: ["y"] }, "ERR_OPTION_CONFLICT", 'fields has the label\'s column, "y"'],
    [{ label: "y", numeric: ["y"] }, "ERR_OPTION_CONFLICT", 'numeric has the label\'s column, "y"'],
    [{ label: "y", fields: ["k"], numeric: ["p"] }, "ERR_OPTION_CONFLICT", 'numeric has "p", which fields has not'],
    [{ label: "y", numeric: ["k"], bags: { k: "|" } }, "ERR_OPTION_CONFLICT", '"k" is in numeric and in bags'],
    [{ label: "y", bags: { k: "" } }, "ERR_OPTION_VALUE", 'bags["k"] must be a text that is not empty'],
    [{ label: "y", bags: ["k"] }, "ERR_OPTION_VALUE", "bags must be an object"],
    [{ label: "y", delimiter: "" }, "ERR_OPTION_VALUE", "delimiter must be a text"],
    [{ label: "y", delimiter: '"' }, "ERR_OPTION_VALUE", "delimiter must be without quotes and line ends"],
    [{ label: "y", header: [""] }, "ERR_OPTION_VALUE", "header[0] must be a text"],
    [{ label: "y", header: ["y", "y"] }, "ERR_OPTION_VALUE", 'header has "y" twice'],
    [{ label: "y", quotes: "no" }, "ERR_OPTION_VALUE", 'quotes must be true or false, but is "no"'],
    [{ label: "y", encoding: "utf8" }, "ERR_OPTION_VALUE", 'did you mean "utf-8"?'],
    [{ label: "y", malformed: "ignore" }, "ERR_OPTION_VALUE", 'malformed must be "error", "skip", but is "ignore"'],
    [{ label: "y", piece: 0 }, "ERR_OPTION_VALUE", "piece must be an integer from 1"],
    [{ label: "y", positiveFrom: "4" }, "ERR_OPTION_VALUE", 'positiveFrom must be a number, but is "4"'],
    [{ label: "y", onProgress: 1 }, "ERR_OPTION_VALUE", "onProgress must be a function, but is 1"],
  ])("%o", (options, code, says) => {
    expect(() => readDelimited("clicks.csv", options as DelimitedOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    );
  });
});
