/** Log-loss and AUC against values worked out by hand. */
import { describe, expect, test } from "vitest";
import { auc, logisticLoss, logLoss } from "./metrics.js";

describe("logistic loss", () => {
  test("of an undecided prediction is log 2, whatever the label", () => {
    expect(logisticLoss(0, 0)).toBeCloseTo(Math.log(2), 15);
    expect(logisticLoss(0, 1)).toBeCloseTo(Math.log(2), 15);
  });

  test("of odds of 3 to 1 is log 4/3 if they were right and log 4 if they were wrong", () => {
    expect(logisticLoss(Math.log(3), 1)).toBeCloseTo(Math.log(4 / 3), 15);
    expect(logisticLoss(Math.log(3), 0)).toBeCloseTo(Math.log(4), 15);
    expect(logisticLoss(-Math.log(3), 0)).toBeCloseTo(Math.log(4 / 3), 15);
  });

  test("neither overflows nor vanishes far out", () => {
    expect(logisticLoss(1000, 0)).toBe(1000);
    expect(logisticLoss(-1000, 1)).toBe(1000);
    expect(logisticLoss(40, 1)).toBeCloseTo(Math.exp(-40), 30);
  });

  test("is averaged over examples", () => {
    const logits = Float64Array.of(Math.log(3), Math.log(3), 0);
    expect(logLoss(logits, Uint8Array.of(1, 0, 1))).toBeCloseTo((Math.log(4 / 3) + Math.log(4) + Math.log(2)) / 3, 15);
  });
});

describe("AUC", () => {
  test("counts the pairs that are in order", () => {
    // Positives 0.4 and 0.9, negatives 0.1, 0.5 and 0.7: 0.4 beats one of three, 0.9 beats all three.
    expect(auc(Float64Array.of(0.5, 0.4, 0.1, 0.9, 0.7), Uint8Array.of(0, 1, 0, 1, 0))).toBeCloseTo(4 / 6, 15);
  });

  test("counts a tie as half a pair", () => {
    // The positives 1 and 2 against the negatives 1 and 0: a tie, a win, a win, a win.
    expect(auc(Float64Array.of(1, 1, 2, 0), Uint8Array.of(1, 0, 1, 0))).toBeCloseTo(3.5 / 4, 15);
  });

  test("is one half if all predictions are the same", () => {
    expect(auc(new Float64Array(7), Uint8Array.of(1, 0, 0, 1, 1, 0, 0))).toBe(0.5);
  });

  test("is 1 or 0 if the classes are apart", () => {
    expect(auc(Float64Array.of(-3, -2, 5, 6), Uint8Array.of(0, 0, 1, 1))).toBe(1);
    expect(auc(Float64Array.of(-3, -2, 5, 6), Uint8Array.of(1, 1, 0, 0))).toBe(0);
  });

  test("is not a number if there is one class only", () => {
    expect(auc(Float64Array.of(1, 2), Uint8Array.of(1, 1))).toBeNaN();
  });

  test("ends even if predictions are not numbers", () => {
    expect(() => auc(new Float64Array(3).fill(Number.NaN), Uint8Array.of(0, 1, 1))).not.toThrow();
  });
});
