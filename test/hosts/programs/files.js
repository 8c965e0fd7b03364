/** Writes files by path and by URL, and what there is besides; prints what came out. */
import { readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { EmbeddingTable } from "tallygrad";
import * as formats from "tallygrad/formats";
import { roundTrips } from "./round-trips.js";

const [, , path] = process.argv;
const byPath = { target: () => path, sources: () => [path, pathToFileURL(path)] };
const byUrl = { target: () => pathToFileURL(path), sources: () => [path] };
const result = await roundTrips(EmbeddingTable, formats, { byPath, byUrl });
console.log(JSON.stringify({ ...result, left: readdirSync(".").filter((name) => name.includes("vectors")) }));
