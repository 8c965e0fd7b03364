/** Labels keep apart, in order, and as near their places as they can. */
import { expect, test } from "vitest";
import { spread } from "../../src/compare/report/spread.js";

test("Labels that are far enough apart stay where they are", () => {
  expect(spread([30, 10, 20], 10)).toEqual([30, 10, 20]);
});

test("Two labels at the same place stand half a gap to each side of it", () => {
  expect(spread([5, 5], 10)).toEqual([0, 10]);
});

test("A block that grows into its neighbour takes it in, around the mean of all three", () => {
  // 0 and 2 would stand at -4 and 6, which leaves too little room for 11: the mean of the three is 13/3.
  expect(spread([0, 2, 11], 10).map((place) => place - 13 / 3)).toEqual([-10, 0, 10].map((x) => expect.closeTo(x, 12)));
});

test("No labels are no places", () => {
  expect(spread([], 10)).toEqual([]);
});
