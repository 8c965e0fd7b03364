// Learns who clicks on what: embeddings in a tallygrad table, the layers above them in jax-js.
//
//     npm ci && node clicks.mjs
//
// Users and ads share one table. Each example looks up two rows, and the head turns the two vectors into the logit of a click. In Node,
// jax-js computes in WebAssembly.

import { jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { EmbeddingTable } from "tallygrad";
import { lookup, update } from "./embedding.mjs";

const users = 50_000;
const ads = 5_000;
const dim = 8;
const units = 16;
const examples = 256; // in a batch

const table = new EmbeddingTable({ rows: users + ads, dim });
let head = {
  hidden: random.normal(random.key(1), [2 * dim, units]).mul(Math.sqrt(1 / dim)),
  bias: np.zeros([units]),
  out: random.normal(random.key(2), [units]).mul(Math.sqrt(1 / units)),
};

/** Vectors are 2 * examples x dim, user and ad in turn; clicked is 0 or 1 for each example. Arrays are consumed, as is the way of jax-js. */
function meanLoss(vectors, { hidden, bias, out }, clicked) {
  const units = nn.relu(np.matmul(vectors.reshape([examples, 2 * dim]), hidden).add(bias));
  const logits = np.matmul(units, out);
  return np.mean(nn.softplus(logits.ref).sub(logits.mul(clicked))); // sigmoid cross-entropy
}
const lossAndGradients = jit(valueAndGrad(meanLoss, { argnums: [0, 1] })); // with respect to the vectors and the head
const descend = jit((head, gradients) => tree.map((w, g) => w.sub(g.mul(0.1)), head, gradients));

/** A number below n; number k comes about in proportion to 1 / (k + 1), as popularity does (Zipf's law). */
const zipf = (n) => Math.floor((n + 1) ** Math.random()) - 1;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

let total = 0;
let floor = 0; // the loss of a model that knows the made-up world's probabilities
const report = 100; // batches
for (let batch = 1; batch <= 1_000; batch++) {
  const ids = new Uint32Array(2 * examples); // user, ad, user, ad, ...
  const clicked = new Float32Array(examples);
  for (let i = 0; i < examples; i++) {
    const user = zipf(users);
    const ad = zipf(ads);
    const p = sigmoid(2 * Math.sin(user) + 2 * Math.sin(7 * ad) - 0.5);
    floor -= (p * Math.log(p) + (1 - p) * Math.log(1 - p)) / (examples * report);
    ids.set([user, users + ad], 2 * i);
    clicked[i] = Math.random() < p ? 1 : 0;
  }

  const [loss, [gradient, headGradients]] = lossAndGradients(lookup(table, ids), tree.ref(head), np.array(clicked));
  await update(table, ids, gradient, examples);
  head = descend(head, headGradients);
  total += loss.item() / report;

  if (batch % report === 0) {
    console.log(`batch ${batch}: log-loss ${total.toFixed(4)}; nobody can do better than ${floor.toFixed(4)}`);
    total = 0;
    floor = 0;
  }
}
console.log(`The busiest user came ${table.tally(0)} times.`);
