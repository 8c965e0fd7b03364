/** A few steps that every host has to take alike. The class is passed in, because hosts get at the package in different ways. */
export function train(EmbeddingTable) {
  const table = new EmbeddingTable({ rows: 1000, dim: 16, seed: 7 });
  for (let step = 0; step < 5; step++) {
    const ids = Uint32Array.from({ length: 200 }, (_, i) => (i * i * (step + 3)) % 1000);
    table.update(ids, table.lookup(ids));
  }
  return { fingerprint: table.fingerprint(), kind: table.backend.kind };
}
