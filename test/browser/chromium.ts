/** The Chromium that tests open pages in: what CHROMIUM_PATH names, or else one that is installed. None is downloaded. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const places = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Where it is; `undefined` if there is none, and tests that need it skip and say so. */
export const chromiumPath = process.env.CHROMIUM_PATH || find();

/** Why tests are skipped, to stand in their names; empty if they are not. */
export const skipped = chromiumPath === undefined ? " (skipped: no Chromium found; CHROMIUM_PATH can name one)" : "";

/** Starts it without a window and without traffic of its own. */
export async function launch(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("there is no Chromium; CHROMIUM_PATH can name one");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return await chromium.launch({
    executablePath: chromiumPath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", ...quiet],
  });
}

function find(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...places].find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
