import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { launchChromium, onPage } from "../support/chromium.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, INSTALL_KEY as key, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { type Site, startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { wholeDatabase } from "../support/whole-database.js";
import { expectHeading, lookAt, walkToBackup } from "./walk.js";

const browser = await launchChromium();
const kinds = await databaseKinds();
after(async () => {
  await browser.close();
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`backup, rehearsal and restore in Chromium on ${kind.name}`, () => backupsOn(kind));

const FAILING = {
  ...SHOP_MIGRATIONS,
  "1.1.0/0003-invoices.mjs": `export const up = async (knex) => {
  await knex.schema.createTable("invoices", (t) => { t.increments("id"); t.integer("total_cents"); });
  await knex("products").where({ name: "Ink" }).delete();
  await knex.raw("update invoices set paid_at = null");
};`,
};

function backupsOn(kind: DatabaseKind): void {
  async function scene(migrations: Readonly<Record<string, string>>, play: (project: TestProject) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    // As by default: nobody dies here, and a machine that stalls for two seconds must not look as if.
    const more = { branding: { name: "Shop", supportUrl: "https://vendor.example/support" }, leaseTtlMs: 15_000, nodeTtlMs: 30_000 };
    const project = createProject(address, { migrations, license: "# Terms\n\nBe kind to each other.", more });
    try {
      await install(project.options, "1.0.0");
      await play(project);
    } finally {
      project.remove();
    }
  }

  async function onSite(project: TestProject, play: (site: Site) => Promise<void>): Promise<void> {
    const site = await startSite(project);
    try {
      await play(site);
    } finally {
      await site.stop();
    }
  }

  for (const javaScriptEnabled of [true, false])
    it(`failed, restored, open again with the old files, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () =>
      scene(FAILING, async (project) => {
        const old = { ...project.options, version: "1.0.0" };
        const before = await withUpgate(old, ({ knex }) => wholeDatabase(knex));
        await onPage(browser, { javaScriptEnabled }, async (page, complaints) => {
          await onSite(project, async (site) => {
            await walkToBackup(page, { site: site.base, key });
            await lookAt(page, `${kind.name}-backup-before`);
            await page.getByRole("button", { name: "Create a Backup Now" }).click();
            await expectMade(page);
            await lookAt(page, `${kind.name}-backup-made`);
            await page.getByRole("button", { name: "I Have a Backup, Start the Upgrade" }).click();
            await expectHeading(page, "Upgrade Failed");
            await lookAt(page, `${kind.name}-failed`);
            await page.getByLabel("Yes, bring the database back to what it was then").check();
            await page.getByRole("button", { name: "Restore the Backup" }).click();
            await expectHeading(page, "Backup Restored");
            await page.getByText("Visitors see the maintenance page until files and database fit again.").waitFor();
            await lookAt(page, `${kind.name}-restored`);
            assert.equal((await site.visit()).status, 503);
          });
          assert.deepEqual(await withUpgate(old, ({ knex }) => wholeDatabase(knex)), before);

          const { logger: _logger, configFile: _file, ...plain } = old;
          project.write("upgate.config.mjs", `export default ${JSON.stringify(plain)};\n`);
          rmSync(path.join(project.folder, "migrations/1.1.0"), { recursive: true });
          await onSite(project, async (site) => {
            await expectOpen(site);
            await page.goto(`${site.base}/install`);
            await expectHeading(page, "Backup Restored");
            await page.getByText("Shop is open for visitors again.").waitFor();
            await lookAt(page, `${kind.name}-restored-open`);
            await page.getByRole("button", { name: "Finish" }).click();
            await page.waitForURL((url) => !url.pathname.includes("/install"));
            assert.equal(await (await page.goto(`${site.base}/install`))?.text(), "open", "sealed: the application answers");
          });
          assert.deepEqual(complaints, []);
        });
      }));

  it("rehearses on a copy, says how long the site will be closed, then upgrades", () =>
    scene(SHOP_MIGRATIONS, (project) =>
      onSite(project, async (site) =>
        onPage(browser, {}, async (page, complaints) => {
          await walkToBackup(page, { site: site.base, key });
          await page.getByRole("button", { name: "Rehearse on a Copy" }).click();
          await page.getByRole("heading", { name: "Tried on a copy: it works" }).waitFor({ timeout: 30_000 });
          await page.getByText("What each change did").click();
          await page.getByText(/alter table [`"]?products/i).waitFor();
          await lookAt(page, `${kind.name}-rehearsed`);
          await expectMade(page);
          await page.getByRole("button", { name: "I Have a Backup, Start the Upgrade" }).click();
          await expectHeading(page, "Upgrade Completed Successfully!");
          await expectOpen(site);
          assert.deepEqual(complaints, []);
        }),
      ),
    ));

  it("shows which migration fails on the copy, and the database is as it was", () =>
    scene(FAILING, async (project) => {
      const old = { ...project.options, version: "1.0.0" };
      const before = await withUpgate(old, ({ knex }) => wholeDatabase(knex));
      await onSite(project, async (site) =>
        onPage(browser, {}, async (page) => {
          await walkToBackup(page, { site: site.base, key });
          await page.getByRole("button", { name: "Rehearse on a Copy" }).click();
          await page.getByRole("heading", { name: "The upgrade fails on a copy" }).waitFor({ timeout: 30_000 });
          await page.getByText("update invoices set paid_at = null").first().waitFor();
          await lookAt(page, `${kind.name}-rehearsal-failed`);
        }),
      );
      assert.deepEqual(await withUpgate(old, ({ knex }) => wholeDatabase(knex)), before);
    }));
}

async function expectMade(page: Page): Promise<void> {
  const made = page.getByRole("heading", { name: "Your backup is made" });
  await made.waitFor({ timeout: 30_000 }).catch(async (cause: unknown) => {
    throw new Error(`No backup was made; the page says:\n${await page.locator("body").innerText()}`, { cause });
  });
  await page.getByText("yes: it was restored into a scratch database").waitFor();
}

async function expectOpen(site: Site): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { status } = await site.visit();
    if (status === 200) return;
    if (Date.now() > deadline) assert.fail(`The site answers ${status}:\n${site.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
