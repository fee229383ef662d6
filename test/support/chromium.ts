import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CANDIDATES = [process.env["CHROMIUM_PATH"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A real headless Chromium. `*.test` names lead to 127.0.0.1, so that pages can be tried under a name that is not loopback. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = CANDIDATES.find((file) => file !== undefined && existsSync(file));
  if (executablePath === undefined) throw new Error("Chromium is missing: apt-get install chromium, or set CHROMIUM_PATH.");
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP *.test 127.0.0.1",
    ],
  });
}

const scriptless = new WeakSet<Page>();

/** False on a page that was opened without JavaScript. */
export function runsScripts(page: Page): boolean {
  return !scriptless.has(page);
}

/** A page whose console errors and failed requests are gathered; `use` gets it, and it is closed whatever happens. */
export async function onPage<T>(
  browser: Browser,
  options: BrowserContextOptions,
  use: (page: Page, complaints: string[]) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  if (options.javaScriptEnabled === false) scriptless.add(page);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== "" && hostname !== "127.0.0.1" && !hostname.endsWith(".test")) complaints.push(`external request: ${request.url()}`);
  });
  try {
    return await use(page, complaints);
  } finally {
    await context.close();
  }
}
