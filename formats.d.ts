/**
 * tallygrad/formats: tables to and from the files of other tools, piece by piece: writing needs a few megabytes however large the table is, reading what is
 * read.
 *
 * This file is the contract, written by hand. `src/formats` implements it; `docs/formats.md` is a guide with an example for each format.
 *
 * Functions that read give weights that a table takes as `init`. A file that is not what its format says is refused with `ERR_FILE_FORMAT`, and the
 * message has the byte or line and what was found; what a file claims to have is not allocated before it is there. Functions that write resolve to
 * nothing, or to a Blob if they are given no target.
 */

import type { LongCallOptions, Source, Target } from "./index.d.ts";

/** What rows can be written of: a table, or anything with its three members. It must not change meanwhile: a step is noticed (`ERR_TABLE_CHANGED`). */
export interface Rows {
  readonly rows: number;
  readonly dim: number;
  lookup(ids: Uint32Array, out: Float32Array): Float32Array;
  /** If there is one, it must stay. */
  readonly step?: number;
}

/** Rows by their ids: integers, `0 <= id < rows`. */
export type RowIds = Uint32Array | Int32Array | readonly number[];

/** A file's embedding, as a table takes it: `new EmbeddingTable({ rows, dim, init: weights })`. */
export interface Weights {
  rows: number;
  dim: number;
  /** `rows * dim` float32, row-major. */
  weights: Float32Array;
}

/** The same of an `.npy` file. */
export type NpyArray = Weights;

/** The same, with the key of each row. Keys are as in the file, where one may occur twice. */
export interface KeyedWeights extends Weights {
  keys: string[];
}

/** What functions that read may be told. Progress is in bytes. */
export type ReadOptions = LongCallOptions;

/** What functions that write may be told. Progress is in bytes. */
export interface WriteOptions extends LongCallOptions {
  /** The rows that are written, in this order. Default: all. */
  ids?: RowIds | undefined;
}

/**
 * Writes rows x dim float32 as NumPy's `.npy`, version 1.0, which `numpy.load` reads, also with `mmap_mode`.
 *
 * @example
 * import { EmbeddingTable } from "tallygrad";
 * import { readNpy, writeNpy } from "tallygrad/formats";
 *
 * const table = new EmbeddingTable({ rows: 1000, dim: 16 });
 * const blob = await writeNpy(table);                           // or writeNpy(table, "vectors.npy")
 * const { rows, dim, weights } = await readNpy(blob);           // 1000, 16, 16,000 floats
 * const copy = new EmbeddingTable({ rows, dim, init: weights });
 */
export declare function writeNpy(table: Rows, target?: undefined, options?: WriteOptions): Promise<WrittenBlob>;
export declare function writeNpy(table: Rows, target: Target, options?: WriteOptions): Promise<undefined>;

/** Reads an array of two dimensions in C order, of little-endian float32, float64 (rounded) or float16, from an `.npy` file of any version. */
export declare function readNpy(source: Source, options?: ReadOptions): Promise<NpyArray>;

/** What {@link writeWord2vec} may be told. */
export interface Word2vecWriteOptions extends WriteOptions {
  /** Write the binary file: smaller, and written and read some ten times as fast. Default false. */
  binary?: boolean | undefined;
}

/** What {@link readWord2vec} may be told. */
export interface Word2vecReadOptions extends ReadOptions {
  /** Whether the file is the binary one. Default false. */
  binary?: boolean | undefined;
}

/**
 * Writes rows and their keys as word2vec does, which gensim's `KeyedVectors.load_word2vec_format` and many others read. Numbers in text have the
 * fewest digits that read as the same float32.
 * @param keys One a row, in the rows' order, without spaces, tabs and line breaks (`ERR_OPTION_VALUE`); more or fewer are refused (`ERR_WRONG_LENGTH`).
 *
 * @example
 * import { EmbeddingTable } from "tallygrad";
 * import { readWord2vec, writeWord2vec } from "tallygrad/formats";
 *
 * const table = new EmbeddingTable({ rows: 3, dim: 4 });
 * const blob = await writeWord2vec(table, ["cat", "dog", "unicorn"]);
 * const { keys, weights } = await readWord2vec(blob);
 */
export declare function writeWord2vec(
  table: Rows,
  keys: Iterable<string>,
  target?: undefined,
  options?: Word2vecWriteOptions,
): Promise<WrittenBlob>;
export declare function writeWord2vec(
  table: Rows,
  keys: Iterable<string>,
  target: Target,
  options?: Word2vecWriteOptions,
): Promise<undefined>;

/** Reads a file of word2vec, gensim or fastText (`.vec`). */
export declare function readWord2vec(source: Source, options?: Word2vecReadOptions): Promise<KeyedWeights>;

/** Writes rows and their keys as GloVe does: word2vec's text without its first line. gensim reads it with `no_header=True`. */
export declare function writeGlove(
  table: Rows,
  keys: Iterable<string>,
  target?: undefined,
  options?: WriteOptions,
): Promise<WrittenBlob>;
export declare function writeGlove(
  table: Rows,
  keys: Iterable<string>,
  target: Target,
  options?: WriteOptions,
): Promise<undefined>;

/** What {@link readGlove} may be told. */
export interface GloveReadOptions extends ReadOptions {
  /** Numbers a line, if the first line's key has spaces. Default: as many as the first line has after its first field. */
  dim?: number | undefined;
}

/** Reads GloVe's text. A line's last `dim` fields are its numbers, and all before them its key, which has spaces in some files (glove.840B). */
export declare function readGlove(source: Source, options?: GloveReadOptions): Promise<KeyedWeights>;

/** What {@link writeSafetensors} may be told. */
export interface SafetensorsWriteOptions extends WriteOptions {
  /** The tensor's name. Default "weight", as in the `state_dict` of PyTorch's `nn.Embedding`. */
  tensor?: string | undefined;
}

/** What {@link readSafetensors} may be told. */
export interface SafetensorsReadOptions extends ReadOptions {
  /** The tensor's name, such as "embedding.weight". Required if several have two dimensions of floats. */
  tensor?: string | undefined;
}

/** Writes rows x dim float32 as a safetensors file with one tensor, for `nn.Embedding(rows, dim).load_state_dict(safetensors.torch.load_file(path))`. */
export declare function writeSafetensors(
  table: Rows,
  target?: undefined,
  options?: SafetensorsWriteOptions,
): Promise<WrittenBlob>;
export declare function writeSafetensors(
  table: Rows,
  target: Target,
  options?: SafetensorsWriteOptions,
): Promise<undefined>;

/**
 * Reads a tensor of two dimensions, of F32, F16, BF16 or F64 (rounded), from a safetensors file, such as the weights of PyTorch's `nn.Embedding`. Other tensors are passed over.
 * @throws RangeError `ERR_OPTION_VALUE`, TypeError `ERR_MISSING_OPTION` with the names there are, Error `ERR_FILE_FORMAT`.
 */
export declare function readSafetensors(source: Source, options?: SafetensorsReadOptions): Promise<Weights>;

/** What is used of the module apache-arrow, which the caller imports. */
export interface ArrowModule {
  makeData(properties: never): object;
  RecordBatch: new (...members: never[]) => object;
}

/** What {@link arrowBatches} may be told. */
export interface ArrowOptions {
  /** The rows, in this order. Default: all. */
  ids?: RowIds | undefined;
  /** One a row, in the rows' order. Default: there is no column of keys. */
  keys?: Iterable<string> | undefined;
}

/**
 * Rows as record batches of up to a megabyte, with the columns `key` (Utf8, if there are keys) and `vector` (FixedSizeList of `dim` Float32), for what
 * apache-arrow does with batches: `RecordBatchStreamWriter.writeAll(batches)`, `new Table(batches)`.
 * @param arrow The module: `import * as arrow from "apache-arrow"`.
 */
export declare function arrowBatches<Module extends ArrowModule>(
  arrow: Module,
  table: Rows,
  options?: ArrowOptions,
): Generator<InstanceType<Module["RecordBatch"]>>;

/** A Blob, also for programs that are compiled without the types of one. */
export type WrittenBlob = typeof globalThis extends { Blob: { prototype: infer Instance } } ? Instance : never;
