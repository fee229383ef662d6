/// <reference lib="dom" />
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expectFits, tabTo } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { hostApplication, listening } from "../support/hosting.js";
import { INSTALL_KEY } from "../support/project.js";
import { templateSite } from "../support/templates.js";
import { withUpgate } from "../support/upgates.js";
import { expectHeading, lookAt } from "./walk.js";

const browser = await launchChromium();
after(() => browser.close());

/** A site after the upgrade from 1.0.0 to 1.1.0, or (`before`) with the files of 1.1.0 only, at a name that is not loopback. */
async function onSite(
  context: BrowserContextOptions,
  walk: (page: Page, site: string, complaints: string[]) => Promise<void>,
  { before = false } = {},
): Promise<void> {
  const site = templateSite("sqlite:./site.db");
  const branding = { name: "Ledgerly", healthUrl: "/admin/system-health" };
  try {
    await site.boot("1.0.0");
    if (before) site.upload("1.1.0");
    else await site.boot("1.1.0");
    await withUpgate({ ...site.options, version: "1.1.0", branding }, (upgate) =>
      listening(hostApplication(upgate), (base) =>
        onPage(browser, context, (page, complaints) => walk(page, base.replace("127.0.0.1", "site.test"), complaints)),
      ),
    );
  } finally {
    site.project.remove();
  }
}

const narrow = { width: 320, height: 640 };

describe("the template review in a browser", () => {
  for (const javaScriptEnabled of [true, false])
    it(`is walked from System Health to the mark${javaScriptEnabled ? "" : ", without JavaScript"}`, () =>
      onSite({ javaScriptEnabled, viewport: { width: 1200, height: 900 } }, async (page, site, complaints) => {
        await page.goto(`${site}/admin/system-health`);
        await page.getByRole("link", { name: "Review the templates" }).click();
        await expectHeading(page, "Template Review");
        await lookAt(page, "templates");
        await page.getByRole("link", { name: "theme/invoice.ejs" }).click();
        await expectHeading(page, "theme/invoice.ejs");
        await page.locator("ins", { hasText: "Tax number" }).waitFor();
        await lookAt(page, "template-unified");
        await page.getByRole("link", { name: "Side by side" }).click();
        await page.locator("table.diff-split").waitFor();
        await lookAt(page, "template-split");
        await page.getByRole("link", { name: "Your template" }).click();
        await page.getByText("Our own invoice").waitFor();
        await lookAt(page, "template-own");
        await page.getByRole("button", { name: "Mark as Reviewed" }).click();
        await page.getByRole("status").filter({ hasText: "Marked as reviewed" }).waitFor();
        assert.equal(await page.getByRole("link", { name: "theme/invoice.ejs" }).count(), 0);
        await lookAt(page, "templates-marked");
        await page.getByRole("link", { name: "System Health" }).click();
        await expectHeading(page, "System Health");
        assert.deepEqual(complaints, []);
      }));

  it("shows each condition's page to everybody", () =>
    onSite({ viewport: { width: 1200, height: 900 } }, async (page, site) => {
      for (const [name, says] of [
        ["gone.ejs", "overrides nothing now"],
        ["drifting.ejs", "move yours there"],
        ["promotion.ejs", "of its own"],
        ["logo.png", "There are no two texts to compare"],
      ] as const) {
        await page.goto(`${site}/admin/system-health?templates`);
        await page.getByRole("link", { name: `theme/${name}` }).click();
        await page.getByText(says).first().waitFor();
        await lookAt(page, `template-${name.replace(/\W/g, "-")}`);
      }
    }));

  for (const locale of ["en", "ar"])
    it(`fits into 320 pixels in ${locale}, with the two sides below each other`, () =>
      onSite({ viewport: narrow, locale }, async (page, site) => {
        await page.goto(`${site}/admin/system-health?templates`);
        await expectFits(page, "templates");
        await lookAt(page, `templates-narrow-${locale}`);
        await page.getByRole("link", { name: "theme/invoice.ejs" }).click();
        await lookAt(page, `template-unified-narrow-${locale}`);
        const { href } = new URL(page.url());
        await page.goto(`${href}&view=split`);
        await lookAt(page, `template-split-narrow-${locale}`);
        const [before, after_] = await page.evaluate(() =>
          ["del", "ins"].map((tag) => document.querySelector(`.diff-split ${tag}`)?.getBoundingClientRect().top ?? 0),
        );
        assert.ok((after_ ?? 0) > (before ?? 0), "the line after is below the line before");
      }));

  it("lets the keyboard scroll the lines and press the button", () =>
    onSite({ viewport: { width: 800, height: 600 } }, async (page, site) => {
      await page.goto(`${site}/admin/system-health?templates`);
      await page.getByRole("link", { name: "theme/invoice.ejs" }).click();
      await expectHeading(page, "theme/invoice.ejs");
      await tabTo(page, ".diff");
      await tabTo(page, "button[type=submit]");
      await page.keyboard.press("Enter");
      await page.getByRole("status").waitFor();
    }));

  it("is on the last page of the upgrade", () =>
    onSite(
      { viewport: { width: 1000, height: 900 } },
      async (page, site, complaints) => {
        await page.goto(`${site}/install`);
        await page.getByLabel("Install key").fill(INSTALL_KEY);
        await page.getByRole("button", { name: "Continue" }).click();
        await expectHeading(page, /Review/);
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("button", { name: "I Have a Backup, Start the Upgrade" }).click();
        await expectHeading(page, "Upgrade Completed Successfully!");
        await lookAt(page, "done-templates");
        await page.getByText("theme/invoice.ejs", { exact: true }).click();
        await page.locator("ins", { hasText: "Tax number" }).waitFor();
        await lookAt(page, "done-templates-open");
        await page.locator("details[open]").getByRole("button", { name: "Mark as Reviewed" }).click();
        await page.getByText("5 of them want a look").waitFor();
        await page.setViewportSize(narrow);
        await lookAt(page, "done-templates-narrow");
        await page.getByRole("link", { name: "Open the template review" }).click();
        await expectHeading(page, "Template Review");
        assert.deepEqual(complaints, []);
      },
      { before: true },
    ));
});
