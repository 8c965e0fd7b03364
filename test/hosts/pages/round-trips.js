/**
 * Writes a table to targets of every kind that `places` has, in several formats, and reads it back: gives the formats and places with other bits than the
 * table's, which are none.
 */
export async function roundTrips(EmbeddingTable, formats, places) {
  const table = new EmbeddingTable({ rows: 3000, dim: 33 });
  const ids = Uint32Array.from({ length: 3000 }, (_, row) => row);
  const expected = String(table.lookup(ids));
  const keys = Array.from(ids, (id) => `ключ${id}`);
  const ways = {
    npy: [(target) => formats.writeNpy(table, target), (source) => formats.readNpy(source)],
    text: [(target) => formats.writeWord2vec(table, keys, target), (source) => formats.readWord2vec(source)],
    binary: [
      (target) => formats.writeWord2vec(table, keys, target, { binary: true }),
      (source) => formats.readWord2vec(source, { binary: true }),
    ],
    safetensors: [(target) => formats.writeSafetensors(table, target), (source) => formats.readSafetensors(source)],
  };
  const wrong = [];
  let tried = 0;
  for (const [format, [write, read]] of Object.entries(ways)) {
    for (const [place, { target, sources }] of Object.entries({ ...everywhere, ...places })) {
      const blob = await write(await target());
      for (const source of await sources(blob)) {
        const found = await read(source);
        if (String(found.weights) !== expected || (found.keys ?? keys).join() !== keys.join())
          wrong.push([format, place]);
        tried++;
      }
    }
  }
  const refused = await formats.readNpy(new Blob(["nothing"])).catch(({ code }) => code);
  return { tried, wrong, refused };
}

let collected;
const everywhere = {
  Blob: {
    target: () => undefined,
    sources: async (blob) => [blob, await blob.arrayBuffer(), new Uint8Array(await blob.arrayBuffer()), blob.stream()],
  },
  stream: {
    target() {
      const { readable, writable } = new TransformStream();
      collected = new Response(readable).arrayBuffer();
      return writable;
    },
    sources: async () => [await collected],
  },
};
