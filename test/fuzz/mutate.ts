/** Mutations of checkpoints: of bytes anywhere, and of what the header says, so that they get past the first checks. */
import { Random } from "../contract/support/random.js";
import { at } from "../oracle/at.js";

/** A file made of others, by a few mutations. */
export function mutated(random: Random, files: readonly Uint8Array[]): Uint8Array {
  let file: Uint8Array = at(files, random.below(files.length)).slice();
  for (let times = random.below(2) === 0 ? 1 : 1 + random.below(4); times > 0; times -= 1) {
    const kind = random.below(12);
    if (kind === 0) file = cut(random, file);
    else if (kind === 1) file = spliced(random, file, at(files, random.below(files.length)));
    else if (kind < 8) flip(random, file);
    else file = withHeader(random, file);
  }
  return file;
}

/** Most of a small file is header: every other byte that changes is behind it. */
function flip(random: Random, file: Uint8Array): void {
  const length = file.length < 8 ? 0 : Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const start = random.below(2) === 0 && length < file.length - 8 ? 8 + length : 0;
  if (file.length > 0) file[start + random.below(file.length - start)] = random.below(256);
}

function cut(random: Random, file: Uint8Array): Uint8Array {
  return file.slice(0, random.below(file.length + 1));
}

function spliced(random: Random, file: Uint8Array, other: Uint8Array): Uint8Array {
  const [end, start] = [random.below(file.length + 1), random.below(other.length + 1)];
  return Uint8Array.from([...file.subarray(0, end), ...other.subarray(start)]);
}

/** Another header, with a length that fits it: a number or a word in it is another. */
function withHeader(random: Random, file: Uint8Array): Uint8Array {
  if (file.length < 16) return file;
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) return file;
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?|\b[a-z_]+\b/gi)];
  if (numbers.length === 0) return file;
  const found = at(numbers, random.below(numbers.length));
  const others = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "64",
    "1e3",
    "1e99",
    "4294967295",
    "9007199254740993",
    "null",
    "count",
    "[]",
  ];
  const other =
    random.below(2) === 0 ? at(others, random.below(others.length)) : at(numbers, random.below(numbers.length))[0];
  const changed = new TextEncoder().encode(
    text.slice(0, found.index) + other + text.slice(found.index + found[0].length),
  );
  const whole = new Uint8Array(8 + changed.length + file.length - 8 - length);
  new DataView(whole.buffer).setBigUint64(0, BigInt(changed.length), true);
  whole.set(changed, 8);
  whole.set(file.subarray(8 + length), 8 + changed.length);
  return whole;
}

/** Mutations by number, so that any one can be made again. */
export function mutation(seed: number, number: number, files: readonly Uint8Array[]): Uint8Array {
  return mutated(new Random(seed + 7919 * number), files);
}
