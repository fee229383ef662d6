import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { prepareSite, type Site } from "../../src/demo/vendor/site.js";
import { runCli } from "../support/cli.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { type Demo, demoOf } from "../support/demo.js";
import { expectHeading, lookAt, walkToStart } from "./walk.js";

const browser = await launchChromium();
after(() => browser.close());

/** The reference application as `npm run demo` lays it out: three sealed releases, a theme of the operator's, a signed list of releases. */
async function onSite(upload: (site: Site) => void, walk: (demo: Demo, site: Site) => Promise<void>): Promise<void> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "upgate-site-"));
  const site = await prepareSite(scratch);
  upload(site);
  const demo = await demoOf(site.start(["--port", "0"], ["ignore", "pipe", "pipe"]), { data: path.join(site.folder, "data"), scratch });
  try {
    await walk(demo, site);
  } finally {
    await demo.stop();
  }
}

/** The upload of 8.6.1 over 8.6.0 breaks off before the templates. */
const uploadHalf = (site: Site): void => {
  site.upload("8.6.0");
  site.upload("8.6.1", (file) => !file.startsWith("views"));
};

describe("the reference application's releases", () => {
  it("lead from an upload that broke off over the upgrade to the templates to review, and to the next release", () =>
    onSite(uploadHalf, (demo, site) =>
      onPage(browser, { viewport: { width: 1200, height: 900 } }, async (page, complaints) => {
        await page.goto(`${demo.base}/install`);
        await page.getByLabel("Install key").fill(demo.key);
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByText("These files are still those of release 8.6.0: views/demo/client/invoice.ejs").first().waitFor();
        await lookAt(page, "mixed-upload");

        site.upload("8.6.1");
        await page.waitForFunction(async () => {
          const { state } = (await (await fetch("status")).json()) as { state: { kind: string } };
          return state.kind === "behind";
        });
        await page.getByRole("button", { name: "Sign Out" }).click();
        await walkToStart(page, { site: demo.base, key: demo.key });
        await expectHeading(page, "Upgrade Completed Successfully!");
        await page.getByText("theme/client/invoice.ejs").first().waitFor();
        await page.getByText("theme/partials/state.ejs").first().waitFor();
        assert.equal(await page.getByText("theme/client/picker.ejs").count(), 0, "its stock template is as it was");
        await lookAt(page, "done-templates");

        await page.getByRole("link", { name: "Go to the Admin Area" }).click();
        await page.getByText("Update available: 8.7.0 (on the way to 9.0.0)").first().waitFor();
        await lookAt(page, "admin-update");
        await page.goto(`${demo.base}/admin/system-health`);
        await expectHeading(page, "System Health");
        await lookAt(page, "health-update");
        await page.getByRole("link", { name: "Review the templates" }).click();
        await page.getByRole("link", { name: "theme/client/invoice.ejs" }).click();
        await page.locator("ins", { hasText: "Tax ID" }).first().waitFor();
        await page.getByRole("button", { name: "Mark as Reviewed" }).click();
        await page.getByRole("status").filter({ hasText: "Marked as reviewed" }).waitFor();

        await page.goto(`${demo.base}/client`);
        await page.getByText("Customers of our shop in Amsterdam").waitFor();
        assert.deepEqual(complaints, []);
        const { code, stdout } = await runCli(["templates"], { cwd: site.folder });
        assert.deepEqual([code, /state\.ejs/.test(stdout), /invoice\.ejs/.test(stdout)], [12, true, false]);
      }),
    ));
});
