/** The Chromium that tests open pages in: the one CHROMIUM_PATH names, or else the first at a usual place. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const candidates = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/opt/google/chrome/chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Where it is; `undefined` if there is none, and tests that need it have to say that they skip. */
export const chromiumPath: string | undefined = candidates.find((path) => path !== undefined && existsSync(path));

/** Starts it without a window and without traffic of its own. */
export async function launch(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("there is no Chromium; CHROMIUM_PATH may name one");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return await chromium.launch({
    executablePath: chromiumPath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", ...quiet],
  });
}
