/// <reference lib="dom" />
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { expectFits, focused, tabTo } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { databaseKinds } from "../support/databases.js";
import { startDemo } from "../support/demo.js";
import { FAILING_MIGRATIONS, putInDoubt } from "../support/in-doubt.js";
import { INSTALL_KEY, SHOP_MIGRATIONS } from "../support/project.js";
import { until } from "../support/wait.js";
import { FAILING, sceneOn, WAITING } from "./scene.js";
import { expectHeading } from "./walk.js";

// No mouse from the first page to the last: every control is reached by Tab with a focus that can be seen, and every page begins at its heading.
const browser = await launchChromium();
const kinds = await databaseKinds();
after(async () => {
  await browser.close();
  for (const kind of kinds) await kind.stop();
});

/** 1280 pixels enlarged to 400 %. */
const ENLARGED = { viewport: { width: 320, height: 256 } };

async function beginsAt(page: Page, heading: string | RegExp): Promise<void> {
  await expectHeading(page, heading);
  await page.waitForFunction(() => document.activeElement?.id === "page-title");
}

async function press(page: Page, selector: string, key: string): Promise<void> {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

async function typeKey(page: Page, key: string): Promise<void> {
  await tabTo(page, "#key");
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
}

async function walkToStart(page: Page, site: string, key: string): Promise<void> {
  await page.goto(`${site}/install`);
  await beginsAt(page, "Install Key");
  await typeKey(page, key);
  await beginsAt(page, "Licence Agreement");
  await press(page, "#agree", "Space");
  await press(page, "button.button-primary", "Enter");
  await beginsAt(page, "Review the Upgrade");
  await press(page, "main button.button-primary", "Enter");
  await beginsAt(page, "Back Up Your Database");
  await press(page, "form[action$=start] button", "Enter");
}

describe("by the keyboard alone", () => {
  it("the wizard is walked to its end", async () => {
    const demo = await startDemo(null);
    try {
      await onPage(browser, {}, async (page) => {
        await page.goto(`${demo.base}/install`);
        await beginsAt(page, "Install Key");
        await typeKey(page, "x");
        await page.waitForFunction(() => document.activeElement?.matches(".alert"));
        assert.match(await focused(page), /not the install key/);
        await walkToStart(page, demo.base, demo.key);
        await beginsAt(page, "Upgrade Completed Successfully!");
        await press(page, "main button.button-primary", "Enter");
        await page.waitForURL((url) => !url.pathname.includes("/install"));
      });
    } finally {
      await demo.stop();
    }
  });
});

for (const kind of kinds) {
  const scene = sceneOn(kind);

  describe(`by the keyboard alone, enlarged to 400 %, on ${kind.name}`, () => {
    it("a failed upgrade is understood, reported and tried again", () =>
      scene({ "1.1.0/0002-fill-prices.mjs": FAILING }, {}, async ({ site, project }) =>
        onPage(browser, ENLARGED, async (page) => {
          await walkToStart(page, site, INSTALL_KEY);
          await beginsAt(page, "Upgrade Failed");
          await expectFits(page, "failed");
          const download = page.waitForEvent("download");
          await press(page, "a[href$=report]", "Enter");
          await download;
          project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
          await page.reload();
          await beginsAt(page, "Upgrade Failed");
          await press(page, "form[action$=retry] button", "Enter");
          await beginsAt(page, "Upgrade Completed Successfully!");
        }),
      ));

    it("a statement in doubt is answered", () =>
      scene(FAILING_MIGRATIONS, {}, async ({ site, project, upgate }) =>
        onPage(browser, ENLARGED, async (page) => {
          await walkToStart(page, site, INSTALL_KEY);
          await beginsAt(page, "Upgrade Failed");
          const statement = `call \`fill\`(${"?, ".repeat(600)}?)`;
          await putInDoubt(upgate, project, { sequence: 3, statement, why: "It is a stored procedure." });
          await page.reload();
          await beginsAt(page, "Upgrade Failed");
          await expectFits(page, "in doubt");
          await tabTo(page, "pre.statement");
          await page.keyboard.press("End");
          await page.waitForFunction(() => (document.activeElement?.scrollTop ?? 0) > 0);
          await press(page, "button[value=applied]", "Enter");
          await beginsAt(page, "Upgrade Completed Successfully!");
        }),
      ));

    it("an interrupted upgrade is resumed", () =>
      scene({ "1.1.0/0002-fill-prices.mjs": WAITING }, {}, async ({ site, project, upgate }) =>
        onPage(browser, ENLARGED, async (page) => {
          await walkToStart(page, site, INSTALL_KEY);
          await beginsAt(page, "Upgrade in Progress");
          await expectFits(page, "progress");
          await until("the second change to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
          const { pid } = await upgate.knex("upgate_lease").first("pid");
          process.kill(Number(pid), "SIGKILL");
          await beginsAt(page, "Upgrade Interrupted");
          await expectFits(page, "interrupted");
          project.write("go", "");
          await press(page, "form[action$=resume] button", "Enter");
          await beginsAt(page, "Upgrade Completed Successfully!");
        }),
      ));
  });
}
