/**
 * The fuzz target: whatever bytes there are, loading them gives members that work or an error with a code, and takes no more memory than the
 * bytes are worth.
 */
import { EmbeddingTable, EmbeddingTables, loadAll, type Member, saveAll, Vocabulary } from "tallygrad";

/** Bytes that a load may take besides what it gives. */
const MOST_MEMORY = 64 * 2 ** 20;
/** A table that has taken more steps may take as long as that many to catch up. */
const MOST_STEPS = 10_000;

/** Loads a file and uses what it holds. Throws if anything is not as it should be; says whether it was loaded. */
export async function check(file: Uint8Array, backend: "native" | "wasm"): Promise<boolean> {
  const before = process.memoryUsage.rss();
  const members = await loadAll(file, { backend, threads: 1 }).catch(refusal);
  const taken = process.memoryUsage.rss() - before;
  if (taken > MOST_MEMORY) throw new Error(`loading took ${taken} bytes`);
  if (members === undefined) return false;
  for (const member of Object.values(members)) use(member);
  // What works can be saved, and is then no file that is refused.
  const again = await loadAll(await saveAll(members), { backend, threads: 1 });
  for (const member of [...Object.values(members), ...Object.values(again)]) member.dispose();
  return true;
}

/** Nothing, if an error is one that says what is wrong with a file. */
function refusal(error: unknown): undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^ERR_(FILE_FORMAT|OPTION_CONFLICT|MISSING_OPTION)$/.test(code)) throw error;
}

function use(member: Member): void {
  if (member instanceof EmbeddingTables) {
    for (const feature of member.features) useTable(member.table(feature));
  } else if (member instanceof EmbeddingTable) {
    useTable(member);
  } else if (member instanceof Vocabulary) {
    for (let step = 0; step < 6; step += 1) {
      const keys = Array.from({ length: 12 }, (_, i) => `${step} ${i >> 1}`);
      const rows = member.rows(keys);
      if (rows.some((row) => row >= member.capacity)) throw new Error("a row is outside of the capacity");
      for (const [position, row] of rows.entries()) {
        if (row !== 0 && member.key(row) !== keys[position]) throw new Error("a row is not its key's");
      }
    }
    member.fingerprint();
  }
}

function useTable(table: EmbeddingTable): void {
  if (table.step > MOST_STEPS) return;
  const ids = Uint32Array.from({ length: Math.min(table.rows, 50) }, (_, id) => id);
  try {
    table.update(ids, new Float32Array(ids.length * table.dim).fill(0.1));
    table.flush();
  } catch (error) {
    // Weights and state may be anything, and what a step makes of that need not be finite.
    if (!(error instanceof Error && "code" in error && error.code === "ERR_NON_FINITE")) throw error;
  }
  table.lookup(ids);
  table.rates(ids);
  table.fingerprint();
}
