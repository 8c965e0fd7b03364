/** Holds index.d.ts, the facade and the generated declarations of addon and WebAssembly glue together. */
import { describe, expectTypeOf, test } from "vitest";
import type * as wasm from "../build/wasm/tallygrad_wasm.js";
import type * as addon from "../dist/addon.js";
import type * as formatsContract from "../formats.d.ts";
import type * as contract from "../index.d.ts";
import type * as modelsContract from "../models.d.ts";
import type { EmbeddingTable } from "../src/embedding-table.js";
import type * as formats from "../src/formats/index.js";
import type * as facade from "../src/index.js";
import type * as models from "../src/models/index.js";
import type { Addon } from "../src/native.js";
import type { Glue } from "../src/wasm/kernel.js";

describe("the facade", () => {
  test("exports what the contract does, no more and no less", () => {
    expectTypeOf<keyof typeof facade>().toEqualTypeOf<keyof typeof contract>();
  });

  test("has a table with the contract's members, of the same types", () => {
    expectTypeOf<keyof EmbeddingTable>().toEqualTypeOf<keyof contract.EmbeddingTable>();
    expectTypeOf<EmbeddingTable>().toExtend<contract.EmbeddingTable>();
    expectTypeOf<contract.EmbeddingTable>().toExtend<Omit<EmbeddingTable, "clone">>();
    expectTypeOf<ConstructorParameters<typeof EmbeddingTable>>().toEqualTypeOf<[contract.TableOptions]>();
  });
});

describe("sources and targets", () => {
  test("are the platform's classes", () => {
    expectTypeOf<string | URL | Blob | File | ArrayBuffer | Uint8Array | Buffer>().toExtend<contract.Source>();
    expectTypeOf<NonNullable<Response["body"]> | ReadableStream<Uint8Array>>().toExtend<contract.Source>();
    expectTypeOf<string | URL | WritableStream<Uint8Array> | FileSystemFileHandle>().toExtend<contract.Target>();
    expectTypeOf<Response | number | Float32Array>().not.toExtend<contract.Source>();
    expectTypeOf<{ signal: AbortSignal }>().toExtend<contract.LongCallOptions>();
  });
});

describe("tallygrad/formats", () => {
  test("exports what its contract does, and takes the same arguments", () => {
    type Functions<Module> = {
      [Name in keyof Module]: Module[Name] extends (...args: infer Taken) => unknown ? Taken : never;
    };
    // Of an overloaded function the last declaration counts, the one with a target.
    expectTypeOf<keyof typeof formats>().toEqualTypeOf<keyof typeof formatsContract>();
    expectTypeOf<Functions<typeof formatsContract>>().toExtend<Functions<typeof formats>>();
  });

  test("gives a Blob where there is no target, and nothing where there is one", () => {
    expectTypeOf<typeof formatsContract.writeNpy>().toBeCallableWith({ rows: 1, dim: 1, lookup: (_, out) => out });
    type Written<Target> = typeof formatsContract.writeNpy extends (table: never, target: Target) => infer Result
      ? Result
      : never;
    expectTypeOf<Written<string>>().toEqualTypeOf<Promise<undefined>>();
  });
});

describe("the addon", () => {
  test("has what the facade calls", () => {
    expectTypeOf<typeof addon>().toExtend<Addon>();
  });
});

describe("the WebAssembly kernel's glue", () => {
  test("has what the facade calls", () => {
    expectTypeOf<typeof wasm>().toExtend<Glue>();
  });
});

describe("options", () => {
  test("ask for what has no default", () => {
    expectTypeOf<{ type: "sgd" }>().not.toExtend<contract.Optimizer>();
    expectTypeOf<{ type: "tallygrad" }>().toExtend<contract.Optimizer>();
    expectTypeOf<{ rows: number }>().not.toExtend<contract.TableOptions>();
  });

  test("belong to their rule", () => {
    // @ts-expect-error: beta1 is not an option of sgd, so this line must not compile.
    const optimizer: contract.Optimizer = { type: "sgd", lr: 1, beta1: 0.9 };
    expectTypeOf(optimizer).toExtend<contract.Optimizer>();
  });
});

describe("tallygrad/models", () => {
  test("exports what its contract does, no more and no less", () => {
    expectTypeOf<keyof typeof models>().toEqualTypeOf<keyof typeof modelsContract>();
  });

  test("has machines with the contract's members, which take the same options", () => {
    expectTypeOf<keyof models.FactorizationMachine>().toEqualTypeOf<keyof modelsContract.FactorizationMachine>();
    expectTypeOf<Exclude<keyof models.DeepFM, "networkLayers">>().toEqualTypeOf<keyof modelsContract.DeepFM>();
    expectTypeOf<ConstructorParameters<typeof models.FactorizationMachine>>().toEqualTypeOf<
      ConstructorParameters<typeof modelsContract.FactorizationMachine>
    >();
    expectTypeOf<ConstructorParameters<typeof models.DeepFM>>().toEqualTypeOf<
      ConstructorParameters<typeof modelsContract.DeepFM>
    >();
    type Calls = "fit" | "partialFit" | "predict" | "evaluate" | "rowsOf" | "fingerprint" | "dispose";
    expectTypeOf<Pick<models.DeepFM, Calls>>().toEqualTypeOf<Pick<modelsContract.DeepFM, Calls>>();
  });

  test("takes examples of every kind, and data that come in pieces", () => {
    expectTypeOf<Uint32Array | Int32Array | string[] | bigint[] | Float64Array>().toExtend<modelsContract.Column>();
    expectTypeOf<{ values: string[]; offsets: number[] }>().toExtend<modelsContract.Column>();
    expectTypeOf<{ values: string[] } | string | number>().not.toExtend<modelsContract.Column>();
    type Piece = { columns: { user: string[] }; labels: number[] };
    expectTypeOf<
      Piece | Piece[] | AsyncGenerator<Piece> | modelsContract.ExampleReader
    >().toExtend<modelsContract.Data>();
    expectTypeOf<Omit<Piece, "labels">>().not.toExtend<modelsContract.Data>();
  });

  test("takes no schedule that cannot be saved, and no first vectors one by one", () => {
    expectTypeOf<{ fields: { a: number }; schedule: () => number }>().not.toExtend<modelsContract.MachineOptions>();
    expectTypeOf<{ fields: { a: number }; init: Float32Array }>().not.toExtend<modelsContract.MachineOptions>();
    expectTypeOf<{ fields: { a: number; b: { numeric: true } } }>().toExtend<modelsContract.MachineOptions>();
    expectTypeOf<{ dim: number }>().not.toExtend<modelsContract.MachineOptions>();
  });

  test("gives counts where it was told them", () => {
    const [predictions, counts] = [Float32Array.of(0.5), Float64Array.of(1)];
    expectTypeOf<typeof modelsContract.metricsOf>().toBeCallableWith(predictions, [1], { counts });
    expectTypeOf<modelsContract.Machine["evaluate"]>().returns.resolves.toHaveProperty("byCount");
  });

  test("has readers and functions of data as its contract does", () => {
    type Functions =
      | "readCriteo"
      | "readDelimited"
      | "readMovieLens"
      | "readSentences"
      | "select"
      | "split"
      | "metricsOf";
    expectTypeOf<Pick<typeof models, Functions>>().toEqualTypeOf<Pick<typeof modelsContract, Functions>>();
  });
});
