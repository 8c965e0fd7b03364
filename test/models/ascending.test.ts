/** ascending: the order of a comparison, whatever the floats. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ascending } from "../../src/models/ascending.js";
import { at } from "../oracle/at.js";

const least = Number.MIN_VALUE;

test.each([
  ["float32", Float32Array, fc.float({ noNaN: true })],
  ["float64", Float64Array, fc.double({ noNaN: true })],
] as const)("%s is sorted as by comparison, equal values in their order", (_, Class, float) => {
  const value = fc.oneof(float, fc.constantFrom(0, -0, 1, -1, least, -least, Infinity, -Infinity));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 300 }), (list) => {
      const values = Class.from(list);
      const order = Uint32Array.from(values.keys());
      expect(ascending(values)).toEqual(
        order.sort((a, b) => (at(values, a) < at(values, b) ? -1 : at(values, a) > at(values, b) ? 1 : a - b)),
      );
    }),
  );
});
