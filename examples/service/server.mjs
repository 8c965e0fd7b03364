// A service that learns click rates while it serves them, and goes on from its last checkpoint when it is started again, also after
// `kill -9`. `node server.mjs model.safetensors 8080`; then
//
//   curl -d '[{ "user": 7, "item": 42, "clicked": true }]' localhost:8080/events
//   curl 'localhost:8080/score?user=7&item=42'

import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { EmbeddingTables, loadAll, saveAll } from "tallygrad";

const [path = "model.safetensors", port = "8080", every = "1000"] = process.argv.slice(2);
const dim = 16;

const { model } = existsSync(path)
  ? await loadAll(path)
  : { model: new EmbeddingTables({ user: { rows: 100_000, dim }, item: { rows: 20_000, dim } }) };

/** The chance that each user clicks on each item: a product of two vectors, made a probability. */
function predict(users, items) {
  const vectors = model.lookup({ user: users, item: items });
  const chances = users.map((_, i) => {
    let product = 0;
    for (let k = i * dim; k < (i + 1) * dim; k++) product += vectors.user[k] * vectors.item[k];
    return 1 / (1 + Math.exp(-product));
  });
  return { chances, vectors };
}

/** One step on a batch of events. */
function learn(events) {
  const [user, item] = [events.map(({ user }) => user), events.map(({ item }) => item)];
  const { chances, vectors } = predict(user, item);
  const gradients = { user: new Float32Array(vectors.user.length), item: new Float32Array(vectors.item.length) };
  for (const [i, { clicked }] of events.entries()) {
    const slope = chances[i] - Number(clicked);
    for (let k = i * dim; k < (i + 1) * dim; k++) {
      gradients.user[k] = slope * vectors.item[k];
      gradients.item[k] = slope * vectors.user[k];
    }
  }
  model.update({ user: { ids: user, gradients: gradients.user }, item: { ids: item, gradients: gradients.item } });
}

let saved = model.table("user").step;

/** Saves copies, so that the service goes on learning meanwhile. */
async function save() {
  const step = model.table("user").step;
  if (step === saved) return;
  const copies = new EmbeddingTables({ user: model.table("user").clone(), item: model.table("item").clone() });
  await saveAll({ model: copies }, path);
  copies.dispose();
  saved = step;
}

async function respond(request) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (request.method === "POST" && pathname === "/events") {
    let body = "";
    for await (const chunk of request) body += chunk;
    learn(JSON.parse(body));
    return { step: model.table("user").step };
  }
  if (pathname === "/score") {
    const [user, item] = ["user", "item"].map((name) => Number(searchParams.get(name)));
    return { score: predict([user], [item]).chances[0] };
  }
  const fingerprints = ["user", "item"].map((feature) => model.table(feature).fingerprint());
  return { step: model.table("user").step, saved, fingerprints };
}

const server = createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await respond(request)));
  } catch (error) {
    // Whatever is wrong with a request, the library says, and nothing has changed.
    response.writeHead(400).end(JSON.stringify({ code: error.code, message: error.message }));
  }
});
server.listen(Number(port), "127.0.0.1");
await once(server, "listening");
console.log(`listening on ${server.address().port}`);

// One after the other, until the process ends.
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, Number(every)));
  await save();
}
