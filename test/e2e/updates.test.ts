/// <reference lib="dom" />
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import { expectFits, expectForEverybody } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { type FeedServer, startFeedServer } from "../support/feed-server.js";
import { feedDocument, release } from "../support/feeds.js";
import { listening } from "../support/hosting.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const browser = await launchChromium();
after(() => browser.close());

const CSS = readFileSync(new URL("../../public/badge.css", import.meta.url), "utf8");
const FEED = feedDocument([
  release("1.2.0", {
    security: true,
    notesUrl: "https://vendor.example/notes/1.2.0",
    downloadUrl: `https://vendor.example/${"long/".repeat(30)}shop.zip`,
  }),
  release("2.0.0", { requiredStops: ["1.2.0"] }),
  release("2.1.0", { node: ">=99" }),
  release("1.1.0", { endOfSupport: "2026-01-31" }),
]);
const CHANGELOG =
  "# Shop\n\n## 1.1.0\n\n- **Prices** for `products`\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```\na long line of code that is wider than a phone's window, and then some\n```\n";

const OFFER = "Update available: 1.2.0 (on the way to 2.0.0)";

/** A site at 1.1.0 that has read the list. */
async function withSite(use: (upgate: Upgate, vendor: FeedServer) => Promise<void>): Promise<void> {
  const vendor = await startFeedServer(FEED);
  const project = createProject("sqlite:./a.db", { migrations: SHOP_MIGRATIONS });
  const { configFile: _none, ...here } = project.options;
  await install(here, "1.1.0");
  const options = { ...here, feed: { url: vendor.url }, releaseNotes: project.write("CHANGELOG.md", CHANGELOG) };
  try {
    await withUpgate(options, async (upgate) => {
      await until("the list", async () => (await upgate.badge()).label === OFFER);
      await use(upgate, vendor);
    });
  } finally {
    await vendor.stop();
    project.remove();
  }
}

describe("an update", () => {
  it("shows in a sidebar of 200 pixels, and leads to its notes", () =>
    withSite(async (upgate) => {
      const page = `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Admin</title>
        <style>${CSS} body { margin: 0; background: Canvas; color: CanvasText; font: 16px sans-serif } aside { width: 200px; padding: 0 }</style>
        <main><h1>Admin</h1></main><aside>${(await upgate.badge()).html}</aside></html>`;
      await listening(
        (_req, res) => res.end(page),
        async (base) =>
          onPage(browser, { viewport: { width: 200, height: 600 } }, async (tab) => {
            await tab.goto(base);
            const badge = tab.getByRole("link", { name: OFFER });
            assert.equal(await badge.getAttribute("href"), "https://vendor.example/notes/1.2.0");
            assert.match((await badge.textContent()) ?? "", /Version 1\.1\.0 It closes a security hole\./);
            assert.ok(((await badge.boundingBox())?.width ?? 999) <= 200);
            await expectForEverybody(tab, "sidebar");
          }),
      );
    }));

  it("is told on System Health with what is in its way, and the notes of what is installed", () =>
    withSite((upgate) =>
      listening(
        (req, res) => upgate.health()(req, res, () => res.end()),
        async (base) =>
          onPage(browser, { viewport: { width: 320, height: 800 } }, async (tab, complaints) => {
            await tab.goto(base);
            const updates = tab.locator("details.group", { has: tab.getByRole("heading", { name: "Updates" }) });
            const text = (await updates.textContent()) ?? "";
            assert.match(text, /Release 1\.2\.0 is available, on the way to 2\.0\.0\. It closes a security hole\./);
            assert.match(text, /Release 2\.1\.0 can't be installed here yet\. It needs Node\.js >=99, and this is \d/);
            assert.match(text, /The support for release 1\.1\.0 ended on 2026-01-31\./);
            await tab.getByText("What is new in 1.1.0").click();
            await tab.getByText("Prices", { exact: true }).waitFor();
            await expectForEverybody(tab, "health");
            await tab.setViewportSize({ width: 1280, height: 900 });
            await expectFits(tab, "health, wide");
            assert.deepEqual(complaints, []);
          }),
      ),
    ));
});
