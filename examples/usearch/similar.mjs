// Finds items that go together: learns a vector for each from the baskets it is bought in (skip-gram with negative sampling), then asks USearch for the
// nearest.
//
//     npm ci && node similar.mjs

import { EmbeddingTable } from "tallygrad";
import { Index, MetricKind } from "usearch";

const items = 2_000;
const kinds = 40; // item i is of kind i % kinds, which nobody is told
const dim = 16;
const pairs = 512; // in a batch
const choices = 6; // of each pair: the item that was bought too, and five others

const inputs = new EmbeddingTable({ rows: items, dim });
const outputs = new EmbeddingTable({ rows: items, dim, seed: 1 });

/** A number below n; number k comes about in proportion to 1 / (k + 1), as popularity does (Zipf's law). */
const zipf = (n) => Math.floor((n + 1) ** Math.random()) - 1;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

let total = 0;
const report = 400; // batches
for (let batch = 1; batch <= 2_000; batch++) {
  const bought = new Uint32Array(pairs);
  const candidates = new Uint32Array(pairs * choices);
  for (let i = 0; i < pairs; i++) {
    const kind = Math.floor(kinds * Math.random());
    const ofKind = () => kinds * zipf(items / kinds) + kind;
    bought[i] = ofKind();
    for (let j = 0; j < choices; j++)
      candidates[i * choices + j] = j === 0 ? ofKind() : Math.floor(items * Math.random());
  }

  const from = inputs.lookup(bought);
  const to = outputs.lookup(candidates);
  const [fromGradients, toGradients] = [new Float32Array(from.length), new Float32Array(to.length)];
  for (let i = 0; i < pairs * choices; i++) {
    const [a, b] = [Math.floor(i / choices) * dim, i * dim];
    let logit = 0;
    for (let d = 0; d < dim; d++) logit += from[a + d] * to[b + d];
    const together = i % choices === 0;
    total -= Math.log(sigmoid(together ? logit : -logit)) / (pairs * report);
    const slope = sigmoid(logit) - (together ? 1 : 0);
    for (let d = 0; d < dim; d++) {
      fromGradients[a + d] += slope * to[b + d];
      toGradients[b + d] += slope * from[a + d];
    }
  }
  inputs.update(bought, fromGradients);
  outputs.update(candidates, toGradients);
  if (batch % report === 0) {
    console.log(`batch ${batch}: loss ${total.toFixed(3)} a pair`);
    total = 0;
  }
}

const ids = Uint32Array.from({ length: items }, (_, item) => item);
const vectors = inputs.lookup(ids);
const index = new Index({ metric: MetricKind.Cos, dimensions: dim });
index.add(BigUint64Array.from(ids, BigInt), vectors);

const neighbours = 10;
let alike = 0;
for (const item of ids) {
  const { keys } = index.search(vectors.subarray(item * dim, (item + 1) * dim), neighbours + 1); // itself as well
  for (const key of keys) if (key !== BigInt(item) && Number(key) % kinds === item % kinds) alike++;
}
const percent = ((100 * alike) / (items * neighbours)).toFixed(1);
console.log(
  `of an item's ${neighbours} nearest, ${percent} % are of its own kind; by chance it would be ${100 / kinds} %`,
);
