// Learns click rates from a stream of events, one small batch at a time: a logistic regression whose weights are rows of a table.
// A table of width 1 is a weight for each feature that ever occurs; its rate follows from how often the feature did.
//
//     node examples/online-regression.mjs

import { EmbeddingTable } from "tallygrad";

const users = 5_000;
const ads = 500;
const weights = new EmbeddingTable({ rows: users + ads, dim: 1, init: { type: "zeros" } });

/** An event of a made-up world: users and ads differ in how they take to each other; popular ones come often. */
function event() {
  const user = Math.floor(users * Math.random() ** 3);
  const ad = Math.floor(ads * Math.random() ** 3);
  const logit = 1.5 * Math.sin(user) + 1.5 * Math.sin(7 * ad) - 0.5;
  return { features: [user, users + ad], clicked: Math.random() < sigmoid(logit) ? 1 : 0 };
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

let loss = 0;
const batchSize = 64;
for (let batch = 1; batch <= 4_000; batch++) {
  const events = Array.from({ length: batchSize }, event);
  const ids = Uint32Array.from(events.flatMap(({ features }) => features));
  const looked = weights.lookup(ids);
  const gradients = new Float32Array(ids.length);
  events.forEach(({ clicked }, i) => {
    const p = sigmoid(looked[2 * i] + looked[2 * i + 1]);
    loss -= Math.log(clicked ? p : 1 - p);
    gradients.fill(p - clicked, 2 * i, 2 * i + 2); // of this event's loss, for each of its two weights
  });
  weights.update(ids, gradients);
  if (batch % 1_000 === 0) {
    console.log(`${batch * batchSize} events, log-loss of the last 64,000: ${(loss / (1_000 * batchSize)).toFixed(4)}`);
    loss = 0;
  }
}
console.log(
  `The busiest user came ${weights.tally(0)} times, and now has the rate ${weights.rates([0])[0].toFixed(4)}.`,
);
