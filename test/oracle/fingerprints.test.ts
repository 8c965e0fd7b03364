/** The committed fingerprints are those that the oracle makes today. */
import { expect, test } from "vitest";
import { fingerprintCases, live } from "../contract/support/fingerprint-cases.js";
import fingerprints from "../contract/support/fingerprints.json" with { type: "json" };
import { OracleTable } from "./oracle-table.js";

test("the oracle makes the committed fingerprints", () => {
  const made = fingerprintCases.map(({ name, options }) => [name, live(new OracleTable(options), options)]);
  expect(Object.fromEntries(made)).toEqual(fingerprints);
});
