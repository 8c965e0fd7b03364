// Learns who clicks on what, in a page that stays responsive: a factorization of users x ads whose vectors are a table in a worker.
//
// Any static server will do, from the root of the repository, after `npm run build`:
//
//     npx esbuild --servedir=. --serve=8000     and open http://localhost:8000/examples/worker/page.html
//
// A batch is two calls: ids go to the worker and vectors come back; then the gradients go, in the memory that the vectors came in.

import { RemoteTable } from "./remote-table.js";

const users = 5_000;
const ads = 500;
const dim = 8;
const examples = 512; // in a batch
const report = 100; // batches

const log = document.querySelector("#log");
const show = (line) => log.append(`${line}\n`);

/** A number below n; number k comes about in proportion to 1 / (k + 1), as popularity does (Zipf's law). */
const zipf = (n) => Math.floor((n + 1) ** Math.random()) - 1;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

const table = new RemoteTable();
show(`The table runs on ${await table.call("create", [{ rows: users + ads, dim }])}.`);

let loss = 0;
let floor = 0; // the loss of a model that knows the made-up world's probabilities
for (let batch = 1; batch <= 1_000; batch++) {
  const ids = new Uint32Array(2 * examples); // user, ad, user, ad, ...
  const clicked = new Float32Array(examples);
  for (let i = 0; i < examples; i++) {
    const user = zipf(users);
    const ad = zipf(ads);
    const p = sigmoid(4 * Math.sin(user) * Math.sin(7 * ad));
    floor -= (p * Math.log(p) + (1 - p) * Math.log(1 - p)) / (examples * report);
    ids.set([user, users + ad], 2 * i);
    clicked[i] = Math.random() < p ? 1 : 0;
  }

  const vectors = await table.call("lookup", [ids]); // 2 * examples x dim
  for (let i = 0; i < examples; i++) {
    const user = vectors.subarray(2 * i * dim, (2 * i + 1) * dim);
    const ad = vectors.subarray((2 * i + 1) * dim, (2 * i + 2) * dim);
    const p = sigmoid(user.reduce((sum, weight, k) => sum + weight * ad[k], 0));
    loss -= Math.log(clicked[i] ? p : 1 - p) / (examples * report);
    // Gradients of this example's loss, written over the vectors: each vector's is the other vector times p - clicked.
    for (let k = 0; k < dim; k++) {
      [user[k], ad[k]] = [(p - clicked[i]) * ad[k], (p - clicked[i]) * user[k]];
    }
  }
  await table.call("update", [ids, vectors], [ids.buffer, vectors.buffer]);

  if (batch % report === 0) {
    show(`batch ${batch}: log-loss ${loss.toFixed(4)}; nobody can do better than ${floor.toFixed(4)}`);
    loss = 0;
    floor = 0;
  }
}
show(`The busiest user came ${await table.call("tally", [0])} times.`);
table.end();
