/** Schedules that give what is no factor, that throw, and that use the table while it waits for them. */
import { describe, expect, test } from "vitest";
import { EmbeddingTable } from "./subject.js";
import { expectRefusal, expectRefusedUnchanged } from "./support/refusals.js";

const gradients = Float32Array.of(1, 1);

/** A table with a step behind it, whose schedule then does `act`. */
function tableThat(act: (table: EmbeddingTable, step: number) => unknown): EmbeddingTable {
  const table: EmbeddingTable = new EmbeddingTable({
    rows: 4,
    dim: 1,
    optimizer: { type: "sgd", lr: 1, momentum: 0.5, scope: "all" },
    init: { type: "zeros" },
    schedule: (step) => (step === 1 ? 1 : act(table, step)) as number,
  });
  table.update([1, 2], gradients);
  return table;
}

describe.each(["update", "rates"] as const)("%s", (name) => {
  const call = (table: EmbeddingTable): unknown =>
    name === "update" ? table.update([1, 2], gradients) : table.rates([1, 2]);

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, -1e-300])("refuses a factor of %f", (factor) => {
    const table = tableThat(() => factor);
    expectRefusedUnchanged(table, () => call(table), { code: "ERR_OPTION_VALUE", mentions: ["schedule", factor] });
    expect(table.step).toBe(1);
  });

  test.each<[name: string, value: unknown]>([
    ["string", "x"],
    ["nothing", undefined],
    ["null", null],
    ["bigint", 1n],
    ["promise", Promise.resolve(1)],
  ])("refuses a %s for a factor", (_name, value) => {
    const table = tableThat(() => value);
    expectRefusedUnchanged(table, () => call(table), { code: "ERR_OPTION_VALUE", mentions: ["schedule"] });
  });

  test("lets what is thrown through as it is", () => {
    const thrown = new Error("no rate today");
    const table = tableThat(() => {
      throw thrown;
    });
    const before = table.fingerprint();
    expect(() => call(table)).toThrow(thrown);
    expect(table.fingerprint()).toBe(before);
  });

  test("does not use a table that is disposed meanwhile", () => {
    const table = tableThat((itself) => {
      itself.dispose();
      return 1;
    });
    expectRefusal(() => call(table), { code: "ERR_DISPOSED" });
  });

  test("goes on where the table is read or flushed meanwhile", () => {
    const reading = tableThat((table) => {
      table.lookup([0, 1]);
      table.fingerprint();
      table.tallies();
      table.flush();
      table.clone();
      return 0.5;
    });
    const plain = tableThat(() => 0.5);
    plain.flush();
    expect(call(reading)).toEqual(call(plain));
    expect(reading.fingerprint()).toBe(plain.fingerprint());
  });
});

describe("update", () => {
  test("is refused where the schedule takes another step in between, which stands", () => {
    let nested = false;
    const table = tableThat((itself) => {
      if (!nested) {
        nested = true;
        itself.update([3], Float32Array.of(4));
      }
      return 1;
    });
    const update = () => table.update([1, 2], gradients);
    expect(update).toThrow(
      expect.objectContaining({ code: "ERR_OPTION_VALUE", message: expect.stringMatching(/schedule/) }),
    );
    const one = tableThat(() => 1);
    one.update([3], Float32Array.of(4));
    expect(table.fingerprint()).toBe(one.fingerprint());
    expect(update()).toBe(0);
  });

  test("does not ask for a factor when the table is disposed", () => {
    let asked = 0;
    const table = tableThat(() => {
      asked += 1;
      return 1;
    });
    table.dispose();
    expectRefusal(() => table.update([1, 2], gradients), { code: "ERR_DISPOSED" });
    expectRefusal(() => table.rates([1]), { code: "ERR_DISPOSED" });
    expect(asked).toBe(0);
  });
});
