import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Page } from "playwright-core";
import type { HostCheck } from "../../src/index.js";
import { expectForEverybody, tabTo } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { addNode, type HealthScene, healthScene } from "../support/health-scene.js";
import { expectHeading, lookAt } from "./walk.js";

const browser = await launchChromium();
const home = mkdtempSync(path.join(os.tmpdir(), "upgate-health-"));
after(async () => {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
});

let count = 0;

/** With a check of the vendor's that finds something once `trouble.is`, and an old process beside. */
async function scene(play: (scene: HealthScene, makeTrouble: () => Promise<void>) => Promise<void>): Promise<void> {
  let isTroubled = false;
  const checks: HostCheck[] = [
    {
      id: "queue",
      title: "Background jobs",
      group: "Workers",
      docsUrl: "https://docs.example.com/queue",
      run: () => (isTroubled ? { severity: "danger", message: "312 jobs wait.", remedy: "Let the workers finish." } : null),
    },
  ];
  const address = `sqlite:${path.join(home, `${++count}.db`)}`;
  await healthScene(address, { checks, branding: { name: "Ledgerly", supportUrl: "https://support.example.com/" } }, (parts) =>
    play(parts, async () => {
      isTroubled = true;
      await addNode(parts.upgate.knex, "web-2.example.internal", "1.0.0");
    }),
  );
}

async function unfoldAll(page: Page): Promise<void> {
  const folded = page.locator("details:not([open]) > summary").filter({ visible: true });
  while ((await folded.count()) > 0) await folded.first().click();
}

describe("System Health in a browser", () => {
  it("tells at a glance that all is well, and shows the rest to whoever unfolds it", () =>
    scene(({ health }) =>
      onPage(browser, { locale: "en" }, async (page, complaints) => {
        await page.goto(health);
        await page.getByText("Everything looks good.").waitFor();
        assert.equal(await page.locator(".check:visible").count(), 0, "nothing asks for attention");
        assert.deepEqual(await page.locator(".tile dt").allTextContents(), [
          "Release",
          "Running processes",
          "Last backup",
          "Installer",
          "Last run",
        ]);
        await lookAt(page, "health-well");
        await unfoldAll(page);
        assert.ok((await page.locator(".check:visible").count()) > 25);
        await page.getByRole("cell", { name: "1.1.0", exact: true }).first().waitFor();
        await page.getByText("1.1.0/0002-fill-prices").waitFor();
        await lookAt(page, "health-unfolded");
        assert.deepEqual(complaints, []);
      }),
    ));

  it("shows problems first, without JavaScript and by the keyboard, and what the documentation says about them", () =>
    scene(async ({ health }, makeTrouble) => {
      await makeTrouble();
      await onPage(browser, { locale: "en", javaScriptEnabled: false }, async (page) => {
        await page.goto(health);
        assert.deepEqual((await page.locator("details[open] > summary h3").allTextContents()).slice(0, 2), ["Workers", "Nodes"]);
        assert.match((await page.locator(".check").first().textContent()) ?? "", /Problem: Background jobs\s+312 jobs wait\./);
        assert.equal(
          await page.getByRole("link", { name: /About this check\s*: Background jobs/ }).getAttribute("href"),
          "https://docs.example.com/queue",
        );
        await page.getByRole("link", { name: /About this check\s*: Nodes/ }).click();
        await expectHeading(page, "About the check nodes");
        await page.getByText("Restart them, or upload the same files everywhere.").waitFor();
      });
      await onPage(browser, { locale: "en" }, async (page) => {
        await page.goto(health);
        await tabTo(page, 'a[href="?help=nodes"]');
        await page.keyboard.press("Enter");
        await expectHeading(page, "About the check nodes");
        await lookAt(page, "health-help");
        await page.getByRole("link", { name: "Back to System Health" }).click();
        await expectHeading(page, "System Health");
        await lookAt(page, "health-trouble");
      });
    }));

  it("is saved as text and as JSON", () =>
    scene(({ health }) =>
      onPage(browser, { locale: "en", acceptDownloads: true }, async (page) => {
        await page.goto(health);
        for (const [name, file] of [
          ["Download as text", /^system-health-\d{4}-\d\d-\d\d\.txt$/],
          ["Download as JSON", /^system-health-\d{4}-\d\d-\d\d\.json$/],
        ] as const) {
          const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
          assert.match(download.suggestedFilename(), file);
        }
      }),
    ));

  for (const language of ["de", "ar", "ja"])
    it(`serves everybody in ${language} on 320 pixels, folded and unfolded`, () =>
      scene(async ({ health }, makeTrouble) => {
        await makeTrouble();
        await onPage(browser, { locale: language, viewport: { width: 320, height: 640 } }, async (page, complaints) => {
          await page.goto(health);
          await expectForEverybody(page, `health in ${language}`);
          await unfoldAll(page);
          await expectForEverybody(page, `health in ${language}, unfolded`);
          assert.deepEqual(complaints, []);
        });
      }));
});
