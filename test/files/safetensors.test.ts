/** Headers of safetensors files: those written here read back, and hostile ones are refused before they cost anything. */
import { describe, expect, test } from "vitest";
import { headerOf, readHeader } from "../../src/files/safetensors.js";
import { Reader } from "../../src/files/source.js";

/** A file with this header, as text or bytes, and `data` bytes after it. */
function fileOf(header: string | Uint8Array, data = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const bytes = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + bytes.length + data);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  file.set(bytes, 8);
  return file;
}

async function headerIn(file: Uint8Array<ArrayBuffer>) {
  return readHeader(await Reader.open(file));
}

/** A file with one tensor, described by what is given and otherwise right. */
const oneTensor = (entry: object) =>
  fileOf(JSON.stringify({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...entry } }), 8);

test("a header reads as it was written, and the data begin at a multiple of 64", async () => {
  const tensors = [
    { name: "weights", dtype: "F32", shape: [3, 2] },
    { name: "0", dtype: "U8", shape: [5] },
    { name: "__proto__", dtype: "I64", shape: [] },
    { name: 'ключ "\\', dtype: "BF16", shape: [0, 7] },
  ];
  const header = headerOf(tensors, { step: "12", __proto__x: '{"a":1}' });
  expect(header.length % 64).toBe(0);
  const file = new Uint8Array(header.length + 37);
  file.set(header);
  const reader = await Reader.open(file);
  expect(await readHeader(reader)).toEqual({
    tensors: [
      { ...tensors[0], begin: 0, end: 24 },
      { ...tensors[1], begin: 24, end: 29 },
      { ...tensors[2], begin: 29, end: 37 },
      { ...tensors[3], begin: 37, end: 37 },
    ],
    metadata: { step: "12", __proto__x: '{"a":1}' },
  });
  expect(reader.position).toBe(header.length);
});

test("tensors come in the order of their bytes, and numbers of unknown types are passed over", async () => {
  const header = {
    b: { dtype: "F4", shape: [3], data_offsets: [4, 6] },
    a: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
  };
  const { tensors } = await headerIn(fileOf(JSON.stringify(header), 6));
  expect(tensors.map(({ name }) => name)).toEqual(["a", "b"]);
});

describe("a file is refused", () => {
  const quoted = '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  test.each<[why: string, file: Uint8Array<ArrayBuffer>, says: string]>([
    ["that is empty", new Uint8Array(), "ends at byte 0"],
    ["that ends in its header", fileOf("{}", 0, 1000n), "ends at byte 10"],
    ["whose header would be larger than 16 MB", fileOf("{}", 0, 2n ** 24n + 1n), "16777217 bytes"],
    ["whose header would be larger than any number", fileOf("{}", 0, 2n ** 64n - 1n), "bytes, and 2 to 16777216"],
    ["whose header is an array", fileOf("[]"), "begin with {"],
    ["whose header is cut off", fileOf('{"a":'), "not JSON"],
    ["whose header is not UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), "not JSON in UTF-8"],
    ["that names a tensor twice", fileOf(`${quoted},${quoted.slice(1)}}`, 1), '"w" occurs in it twice'],
    [
      "that names a tensor twice in two spellings",
      fileOf(`${quoted},${quoted.slice(1).replace("w", "\\u0077")}}`, 1),
      "twice",
    ],
    [
      "that has a field twice",
      fileOf('{"w":{"dtype":"U8","dtype":"F64","shape":[1],"data_offsets":[0,1]}}', 1),
      "twice",
    ],
    ["with a tensor that is none", fileOf('{"w":5}'), 'tensor "w" is 5'],
    ["without a dtype", oneTensor({ dtype: undefined }), "dtype"],
    ["with a negative shape", oneTensor({ shape: [-2] }), "shape"],
    ["with a fraction of a shape", oneTensor({ shape: [0.5] }), "shape"],
    ["with a shape past what numbers hold", oneTensor({ shape: [2 ** 53] }), "shape"],
    ["whose shape's product wraps around", oneTensor({ shape: [2 ** 32, 2 ** 32, 2] }), "takes"],
    ["with a shape of another size", oneTensor({ shape: [3] }), "has 8 bytes, but F32 of shape [3] takes 12"],
    ["with one offset", oneTensor({ data_offsets: [8] }), "[8]"],
    ["with three offsets", oneTensor({ data_offsets: [0, 8, 8] }), "[0,8,8]"],
    ["with offsets that fall", oneTensor({ shape: [0], data_offsets: [8, 0] }), "[8,0]"],
    ["with a gap before a tensor", oneTensor({ shape: [1], data_offsets: [4, 8] }), "begins at byte 4"],
    ["with bytes after its tensors", oneTensor({ shape: [1], data_offsets: [0, 4] }), "but the file has"],
    ["with too few bytes for its tensors", oneTensor({ shape: [3], data_offsets: [0, 12] }), "but the file has"],
    [
      "with tensors that overlap",
      fileOf(
        JSON.stringify({
          a: { dtype: "U8", shape: [4], data_offsets: [0, 4] },
          b: { dtype: "U8", shape: [4], data_offsets: [2, 6] },
        }),
        6,
      ),
      "begins at byte 2",
    ],
    ["with metadata that are no object", fileOf('{"__metadata__":[]}'), "__metadata__"],
    ["with metadata that are no strings", fileOf('{"__metadata__":{"step":5}}'), '"step" is 5'],
  ])("%s", async (_, file, says) => {
    await expect(headerIn(file)).rejects.toMatchObject({
      constructor: Error,
      code: "ERR_FILE_FORMAT",
      message: expect.stringContaining(says),
    });
  });

  test("cut off anywhere in its header", async () => {
    const file = headerOf([{ name: "w", dtype: "F32", shape: [2] }]);
    for (let length = 0; length < file.length; length++) {
      await expect(headerIn(file.slice(0, length))).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
    }
  });

  test("whose header is nested or spelt out as far as 16 MB go", async () => {
    const room = (1 << 24) - 10;
    for (const header of [
      `{"a":${"[".repeat(room)}`,
      `{"a":${"[".repeat(room / 2 - 2)}${"]".repeat(room / 2 - 2)}}`,
      `{"${"a".repeat(room - 10)}":5}`,
    ]) {
      await expect(headerIn(fileOf(header))).rejects.toMatchObject({ code: "ERR_FILE_FORMAT" });
    }
  });
});
