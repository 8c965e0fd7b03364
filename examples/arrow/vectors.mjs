// Writes a table's vectors and their keys as an Arrow IPC stream, which pandas, polars, DuckDB and others read, batch by batch: memory is what a batch takes,
// however large the table is.
//
//     npm ci && node vectors.mjs [path]
//
// In Python: pyarrow.ipc.open_stream("vectors.arrows").read_pandas()

import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import * as arrow from "apache-arrow";
import { EmbeddingTable } from "tallygrad";
import { arrowBatches } from "tallygrad/formats";

const path = process.argv[2] ?? "vectors.arrows";
const table = new EmbeddingTable({ rows: 100_000, dim: 32 });
const keys = Array.from({ length: table.rows }, (_, row) => `item ${row}`);

const writer = arrow.RecordBatchStreamWriter.throughNode({ autoDestroy: true });
await pipeline(arrowBatches(arrow, table, { keys }), writer, createWriteStream(path));

let [rows, different] = [0, 0];
for await (const batch of await arrow.RecordBatchReader.from(createReadStream(path))) {
  for (const { key, vector } of batch) {
    const expected = table.lookup([rows]);
    if (key !== keys[rows] || expected.some((weight, i) => weight !== vector.get(i))) different++;
    rows++;
  }
}
console.log(`${rows} rows, ${different} of them different from the table's`);
