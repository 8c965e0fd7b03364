/** Writes the fingerprints that every backend must reproduce, made by the oracle alone: `npx tsx test/oracle/write-fingerprints.ts`. */
import { writeFileSync } from "node:fs";
import { fingerprintCases, live } from "../contract/support/fingerprint-cases.js";
import { OracleTable } from "./oracle-table.js";

const fingerprints = fingerprintCases.map(({ name, options }) => [name, live(new OracleTable(options), options)]);
const file = new URL("../contract/support/fingerprints.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(Object.fromEntries(fingerprints), null, 2)}\n`);
