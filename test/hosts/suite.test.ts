/** The stand-ins of the portable suite are what they stand in for. */
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createHash as portableHash } from "./suite/crypto.js";

test("SHA-256 in TypeScript is that of node:crypto at every length around its blocks", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = randomBytes(length);
    const [head, tail] = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)];
    const expected = createHash("sha256").update(bytes).digest("hex");
    expect(portableHash("sha256").update(head).update(tail).digest("hex"), bytes.toString("hex")).toBe(expected);
  }
});
