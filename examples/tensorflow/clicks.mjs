// Learns who clicks on what: embeddings in a tallygrad table, the layers above them in TensorFlow.js.
//
//     npm ci && node clicks.mjs
//
// Users and ads share one table. Each example looks up two rows, and the head turns the two vectors into the logit of a click.

import * as tf from "@tensorflow/tfjs";
import { EmbeddingTable } from "tallygrad";
import { trainStep } from "./embedding.mjs";

const users = 50_000;
const ads = 5_000;
const dim = 8;
const examples = 256; // in a batch

await tf.setBackend("cpu");
const table = new EmbeddingTable({ rows: users + ads, dim });
const head = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, activation: "relu", inputShape: [2 * dim] }),
    tf.layers.dense({ units: 1 }), // a logit
  ],
});
const optimizer = tf.train.adam(0.01); // for the head

/** A number below n; number k comes about in proportion to 1 / (k + 1), as popularity does (Zipf's law). */
const zipf = (n) => Math.floor((n + 1) ** Math.random()) - 1;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

let loss = 0;
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

  const meanLoss = (vectors) => {
    const logits = head.apply(vectors.reshape([examples, 2 * dim]));
    return tf.losses.sigmoidCrossEntropy(tf.tensor2d(clicked, [examples, 1]), logits);
  };
  loss += trainStep(table, ids, examples, meanLoss, optimizer) / report;

  if (batch % report === 0) {
    console.log(`batch ${batch}: log-loss ${loss.toFixed(4)}; nobody can do better than ${floor.toFixed(4)}`);
    loss = 0;
    floor = 0;
  }
}
console.log(`The busiest user came ${table.tally(0)} times. Tensors that are still held: ${tf.memory().numTensors}.`);
