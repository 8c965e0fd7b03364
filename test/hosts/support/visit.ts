/** Opens a page as a new visitor, and notes all that goes wrong on it. */
import type { Browser } from "playwright-core";

export interface Visit {
  /** What the page showed, see `test/hosts/pages/show.js`. */
  readonly result: unknown;
  /** Errors and warnings on the console, errors that nobody caught, requests that failed. */
  readonly problems: readonly string[];
  /** The paths of everything that was requested. */
  readonly requested: readonly string[];
}

/** Waits for the page to show a result. One that shows none fails with its problems. */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  const requested: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => requested.push(new URL(request.url()).pathname));
  page.on("requestfailed", (request) => problems.push(`${request.url()} failed: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (!response.ok()) problems.push(`${response.url()} was answered ${response.status()}`);
  });
  try {
    await page.goto(url);
    const text = await page.locator("#result").textContent({ timeout: 20_000 });
    return { result: JSON.parse(text ?? ""), problems, requested };
  } catch (cause) {
    throw new Error(`${url} shows no result: ${problems.join("; ")}`, { cause });
  } finally {
    await context.close();
  }
}
