// Saves a table to a file again and again, a step further each time, until it is killed. Says which step is in the file once it is.
import { EmbeddingTable } from "../../dist/index.js";

const [path] = process.argv.slice(2);
const table = await EmbeddingTable.load(path);
const gradients = new Float32Array(table.dim).fill(1);
process.stdout.write(`${table.step}\n`);
for (;;) {
  table.update([table.step % table.rows], gradients);
  await table.save(path);
  process.stdout.write(`${table.step}\n`);
}
