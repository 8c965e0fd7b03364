/**
 * Arrays of the right class and length whose buffers a call must not touch: transferred away, shared, resizable.
 */
import type { ErrorCode } from "../../../index.js";

type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** The constructor of one of them. */
export interface NumberArrayClass {
  new (length: number): NumberArray;
  new (buffer: ArrayBufferLike): NumberArray;
  readonly BYTES_PER_ELEMENT: number;
}

export interface HostileBuffer {
  readonly name: string;
  readonly code: ErrorCode;
  /** An array of `length` zeros, as far as its buffer still has them. */
  readonly make: (kind: NumberArrayClass, length: number) => NumberArray;
}

type ResizableBufferConstructor = new (length: number, options: { maxByteLength: number }) => ArrayBuffer;

export const hostileBuffers: readonly HostileBuffer[] = [
  {
    name: "transferred away",
    code: "ERR_DETACHED_BUFFER",
    make: (kind, length) => {
      const array = new kind(length);
      structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
      return array;
    },
  },
  {
    name: "shared",
    code: "ERR_SHARED_BUFFER",
    make: (kind, length) => new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT)),
  },
  {
    name: "resizable",
    code: "ERR_RESIZABLE_BUFFER",
    make: (kind, length) => {
      const bytes = length * kind.BYTES_PER_ELEMENT;
      return new kind(new (ArrayBuffer as ResizableBufferConstructor)(bytes, { maxByteLength: 2 * bytes }));
    },
  },
];
