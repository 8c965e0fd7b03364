// Shows that nothing is lost: a model whose embeddings are a table takes the same steps as one whose embeddings are an array of jax-js,
// trained by gradient descent on the mean loss. Prints by how much the weights differ in the end.
//
//     npm ci && node same-as-dense.mjs

import { nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { EmbeddingTable } from "tallygrad";
import { lookup, update } from "./embedding.mjs";

const [rows, dim, examples, lr, steps] = [30, 4, 24, 3, 50];
const first = random.normal(random.key(1), [rows, dim]).mul(0.5).dataSync();
const firstHead = () => ({
  hidden: random.normal(random.key(2), [2 * dim, 6]).mul(0.5),
  out: random.normal(random.key(3), [6]).mul(0.5),
});
const batches = Array.from({ length: steps }, () => {
  const ids = Int32Array.from({ length: 2 * examples }, () => rows * Math.random() ** 2); // some rows often, some not at all
  const labels = Float32Array.from({ length: examples }, (_, i) => ids[2 * i] % 2); // of the first row of each example
  return { ids, labels };
});

/** The loss of a batch, of its 2 * examples x dim vectors. */
function meanLoss(vectors, { hidden, out }, labels) {
  const logits = np.matmul(np.tanh(np.matmul(vectors.reshape([examples, 2 * dim]), hidden)), out);
  return np.mean(nn.softplus(logits.ref).sub(logits.mul(labels)));
}
const descend = (parameters, gradients) => tree.map((w, g) => w.sub(g.mul(lr)), parameters, gradients);

/** The weights after all steps, embeddings in an array. */
function dense() {
  const differentiate = valueAndGrad((weights, head, ids, labels) => meanLoss(np.take(weights, ids, 0), head, labels), {
    argnums: [0, 1],
  });
  let parameters = [np.array(first, { shape: [rows, dim] }), firstHead()];
  for (const { ids, labels } of batches) {
    const [loss, gradients] = differentiate(...tree.ref(parameters), np.array(ids), np.array(labels));
    loss.dispose();
    parameters = descend(parameters, gradients);
  }
  return parameters[0].dataSync();
}

/** The same, embeddings in a table. A mean of `examples` losses at rate lr is their sum at rate lr / examples. */
async function inTable() {
  const table = new EmbeddingTable({ rows, dim, optimizer: { type: "sgd", lr: lr / examples }, init: first });
  const differentiate = valueAndGrad(meanLoss, { argnums: [0, 1] });
  let head = firstHead();
  for (const { ids, labels } of batches) {
    const [loss, [gradient, gradients]] = differentiate(lookup(table, ids), tree.ref(head), np.array(labels));
    loss.dispose();
    await update(table, ids, gradient, examples);
    head = descend(head, gradients);
  }
  return table.lookup(Uint32Array.from({ length: rows }, (_, row) => row));
}

const largest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const expected = dense();
console.log(`largest weight: ${largest(expected, new Float32Array(rows * dim))}`);
console.log(`largest move in ${steps} steps: ${largest(expected, first)}`);
console.log(`largest difference between table and dense array: ${largest(await inTable(), expected)}`);
