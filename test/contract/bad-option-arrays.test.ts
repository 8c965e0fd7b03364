/** The arrays among the options, `expectedCounts` and `init`: refused with what is wrong, where, and what was found. */
import { describe, expect, test } from "vitest";
import { construct } from "./subject.js";
import { hostileBuffers } from "./support/hostile-buffers.js";
import { expectRefusal, wrongKind } from "./support/refusals.js";

/** Options of a small table, with `more` on top. */
function small(more: object): object {
  return { rows: 4, dim: 2, ...more };
}

describe("expectedCounts", () => {
  const faSgd = (expectedCounts: unknown, more: object = {}) =>
    small({ optimizer: { type: "fa-sgd", lr: 1, expectedCounts, ...more } });

  test.each([0, 3, 5])("of %i numbers are refused for a table of 4 rows", (length) => {
    expectRefusal(() => construct(faSgd(new Float64Array(length).fill(1))), {
      code: "ERR_WRONG_LENGTH",
      mentions: ["expectedCounts", length, 4],
    });
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("that hold %f are refused, with its place", (value) => {
    for (const counts of [Float64Array.of(1, 1, 1, value), [1, 1, 1, value], Float32Array.of(1, 1, 1, value)]) {
      expectRefusal(() => construct(faSgd(counts)), {
        code: "ERR_OPTION_VALUE",
        mentions: ["expectedCounts", 3, value],
      });
      expectRefusal(() => construct(faSgd(counts, { maxLr: 1 })), { code: "ERR_OPTION_VALUE" });
    }
  });

  test("that hold 0 need maxLr", () => {
    expectRefusal(() => construct(faSgd([1, 1, 0, 1])), {
      code: "ERR_OPTION_VALUE",
      mentions: ["expectedCounts", 2, 0, "maxLr"],
    });
    construct(faSgd([1, 1, 0, 1], { maxLr: 1 }));
  });

  test.each<[name: string, counts: unknown]>([
    ["string", "1111"],
    ["Int32Array", Int32Array.of(1, 1, 1, 1)],
    ["null", null],
    ["number", 4],
  ])("of another class are refused: %s", (_name, counts) => {
    expectRefusal(() => construct(faSgd(counts)), { code: wrongKind, mentions: ["expectedCounts"] });
  });

  test("that hold something other than numbers are refused", () => {
    expectRefusal(() => construct(faSgd([1, 1, "1", 1])), { code: wrongKind, mentions: ["expectedCounts", 2] });
  });

  test.each(hostileBuffers)("in a buffer that is $name are refused", ({ code, make }) => {
    expectRefusal(() => construct(faSgd(make(Float64Array, 4), { maxLr: 1 })), { code, mentions: ["expectedCounts"] });
  });

  test("are copied: later changes have no effect", () => {
    const counts = Float64Array.of(4, 4, 4, 4);
    const table = construct(faSgd(counts));
    counts.fill(1);
    expect([...table.rates([0, 1, 2, 3])]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});

describe("init from an array", () => {
  test.each([0, 7, 9])("of %i weights is refused for 4 x 2", (length) => {
    expectRefusal(() => construct(small({ init: new Float32Array(length) })), {
      code: "ERR_WRONG_LENGTH",
      mentions: ["init", length, 8],
    });
  });

  test.each([Number.NaN, Number.NEGATIVE_INFINITY])("that holds %f is refused, with its place", (value) => {
    const init = new Float32Array(8);
    init[6] = value;
    expectRefusal(() => construct(small({ init })), { code: "ERR_NON_FINITE", mentions: ["init", 6, value] });
  });

  test.each(hostileBuffers)("in a buffer that is $name is refused", ({ code, make }) => {
    expectRefusal(() => construct(small({ init: make(Float32Array, 8) })), { code, mentions: ["init"] });
  });

  test("of another class is refused", () => {
    for (const init of [new Float64Array(8), new Array(8).fill(0)]) {
      expectRefusal(() => construct(small({ init })), { code: ["ERR_MISSING_OPTION", ...wrongKind] });
    }
  });
});
