/** The fingerprints in fingerprints.json, which the oracle made and no kernel: every backend on every machine has to reproduce them. */
import { expect, test } from "vitest";
import { EmbeddingTable } from "./subject.js";
import { fingerprintCases, live } from "./support/fingerprint-cases.js";
import fingerprints from "./support/fingerprints.json" with { type: "json" };

test("there are forty of them, all different", () => {
  expect(fingerprintCases).toHaveLength(40);
  expect(new Set(Object.values(fingerprints)).size).toBe(40);
  expect(Object.keys(fingerprints)).toEqual(fingerprintCases.map(({ name }) => name));
});

const expected = new Map(Object.entries(fingerprints));

test.each(fingerprintCases)("$name ends with its fingerprint", ({ name, options }) => {
  using table = new EmbeddingTable(options);
  expect(live(table, options)).toBe(expected.get(name));
});
