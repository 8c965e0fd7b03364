/** Files of the page's own file system, by handles, and what pages have besides. */
import { EmbeddingTable } from "./node_modules/tallygrad/dist/browser.js";
import * as formats from "./node_modules/tallygrad/dist/formats.js";
import { roundTrips } from "./round-trips.js";
import { show } from "./show.js";

const folder = await navigator.storage.getDirectory();
const handle = await folder.getFileHandle("vectors", { create: true });
const ownFile = { target: () => handle, sources: async () => [await handle.getFile()] };
const result = await roundTrips(EmbeddingTable, formats, { ownFile });

// A write that is stopped leaves the file as it was.
const before = (await handle.getFile()).size;
const table = new EmbeddingTable({ rows: 100_000, dim: 8 });
const stopping = new AbortController();
const stopped = await formats
  .writeNpy(table, handle, { signal: stopping.signal, onProgress: () => stopping.abort("stopped") })
  .catch((reason) => reason);
const path = await formats.readNpy("vectors.npy").catch(({ code, message }) => ({ code, message }));
show({ ...result, stopped, kept: (await handle.getFile()).size === before, path });
