/** Settings in the address. */
import { expect, test } from "vitest";
import { defaults, dialNames, dials, readHash, writeHash } from "./settings.js";

test("Every value of every dial comes back from the address", () => {
  for (const name of dialNames) {
    for (const value of dials[name].values) {
      const settings = { ...defaults, [name]: value };
      expect(readHash(`#${writeHash(settings)}`)).toEqual(settings);
    }
  }
});

test("The plain address is the default run", () => {
  expect(writeHash(defaults)).toBe("");
  expect(readHash("")).toEqual(defaults);
  for (const name of dialNames) expect(dials[name].values).toContain(defaults[name]);
});

test("What no dial has is the default", () => {
  expect(readHash("#zipf=99&rates=NaN&batch=&other=1")).toEqual(defaults);
  expect(readHash("#batch=1e3")).toEqual(defaults);
});
