import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { launchChromium, onPage } from "../support/chromium.js";
import { startDemo } from "../support/demo.js";
import { expectHeading, walkToStart } from "./walk.js";

// Takes the README's pictures from the running reference application: npm run screens
const FOLDER = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
const SIZE = { width: 1000, height: 640 };

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
}

const browser = await launchChromium();
const demo = await startDemo(null);
try {
  await onPage(browser, { viewport: SIZE }, async (visitor) => {
    await visitor.goto(demo.base);
    await expectHeading(visitor, /Down for Maintenance/);
    await shoot(visitor, "maintenance");
  });
  await onPage(browser, { viewport: SIZE }, async (page) => {
    // The demo's upgrade is over in a moment: the progress page is caught while the runner starts.
    await walkToStart(page, { site: demo.base, key: demo.key, onStep: (name) => shoot(page, name) });
    await expectHeading(page, /Upgrade in Progress|Upgrade Completed/);
    await shoot(page, "progress");
    await expectHeading(page, "Upgrade Completed Successfully!");
    await shoot(page, "done");
    await page.goto(`${demo.base}/admin`);
    await shoot(page, "admin");
    await page.goto(`${demo.base}/admin/system-health`);
    await shoot(page, "health");
  });
} finally {
  await browser.close();
  await demo.stop();
}
