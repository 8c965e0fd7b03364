// Shows that nothing is lost: a model whose embeddings are a table takes the same steps as one whose embeddings are a dense variable of
// TensorFlow.js, trained by its own SGD on the mean loss. Prints by how much the weights differ in the end.
//
//     npm ci && node same-as-dense.mjs

import * as tf from "@tensorflow/tfjs";
import { EmbeddingTable } from "tallygrad";
import { trainStep } from "./embedding.mjs";

await tf.setBackend("cpu");
const [rows, dim, examples, lr, steps] = [30, 4, 24, 3, 50];
const first = tf.randomNormal([rows, dim], 0, 0.5, "float32", 1);

/** The layers above the embeddings, with the same first weights every time: a function of 2 * examples x dim vectors to logits. */
function makeHead() {
  const hidden = tf.variable(tf.randomNormal([2 * dim, 6], 0, 0.5, "float32", 2));
  const out = tf.variable(tf.randomNormal([6, 1], 0, 0.5, "float32", 3));
  return (vectors) =>
    vectors
      .reshape([examples, 2 * dim])
      .matMul(hidden)
      .tanh()
      .matMul(out);
}
const batches = Array.from({ length: steps }, () => {
  const ids = Int32Array.from({ length: 2 * examples }, () => rows * Math.random() ** 2); // some rows often, some not at all
  const labels = Float32Array.from({ length: examples }, (_, i) => ids[2 * i] % 2); // of the first row of each example
  return { ids, labels: tf.tensor2d(labels, [examples, 1]) };
});

/** The weights after all steps, embeddings in a dense variable. */
function dense() {
  const [weights, head, sgd] = [tf.variable(first), makeHead(), tf.train.sgd(lr)];
  for (const { ids, labels } of batches) {
    sgd.minimize(() => tf.losses.sigmoidCrossEntropy(labels, head(weights.gather(tf.tensor1d(ids, "int32")))));
  }
  return weights.dataSync();
}

/** The same, embeddings in a table. A mean of `examples` losses at rate lr is their sum at rate lr / examples. */
function inTable() {
  const table = new EmbeddingTable({
    rows,
    dim,
    optimizer: { type: "sgd", lr: lr / examples },
    init: first.dataSync(),
  });
  const [head, sgd] = [makeHead(), tf.train.sgd(lr)];
  for (const { ids, labels } of batches) {
    trainStep(table, ids, examples, (vectors) => tf.losses.sigmoidCrossEntropy(labels, head(vectors)), sgd);
  }
  return table.lookup(Uint32Array.from({ length: rows }, (_, row) => row));
}

const largest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const expected = dense();
console.log(`largest weight: ${largest(expected, new Float32Array(rows * dim))}`);
console.log(`largest move in ${steps} steps: ${largest(expected, first.dataSync())}`);
console.log(`largest difference between table and dense variable: ${largest(inTable(), expected)}`);
