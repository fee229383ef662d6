import assert from "node:assert/strict";
import path from "node:path";
import type { Page } from "playwright-core";
import { expectForEverybody } from "../support/accessibility.js";
import { runsScripts } from "../support/chromium.js";

export interface WalkOptions {
  /** Address of the site as the browser sees it, without a slash at the end. */
  readonly site: string;
  readonly key: string;
  readonly noun?: "Upgrade" | "Install";
  /** Called before every button, to take pictures or to interfere. */
  readonly onStep?: (name: string) => Promise<void>;
}

export async function expectHeading(page: Page, text: string | RegExp): Promise<void> {
  await page.getByRole("heading", { level: 1, name: text }).waitFor({ timeout: 30_000 });
}

/** The operator's way by the buttons' texts, up to the page after the start. */
export async function walkToStart(page: Page, options: WalkOptions): Promise<void> {
  await walkToBackup(page, options);
  const start = options.noun === "Install" ? "Start the Install" : "I Have a Backup, Start the Upgrade";
  await page.getByRole("button", { name: start }).click();
}

export async function walkToBackup(
  page: Page,
  { site, key, noun = "Upgrade", onStep = async () => undefined }: WalkOptions,
): Promise<void> {
  await page.goto(`${site}/install`);
  await expectHeading(page, "Install Key");
  await onStep("key");
  await page.getByLabel("Install key").fill(key);
  await page.getByRole("button", { name: "Continue" }).click();
  await expectHeading(page, /Licen[cs]e/);
  await onStep("license");
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "I Agree" }).click();
  await expectHeading(page, /Review/);
  await onStep("review");
  await page.getByRole("button", { name: "Continue" }).click();
  await expectHeading(page, noun === "Upgrade" ? /Back Up/ : /Ready to Install/);
  await onStep("backup");
}

/** From the done page into the admin area, then back to seal the installer. */
export async function finishInAdmin(page: Page, site: string): Promise<void> {
  await page.getByRole("link", { name: "Go to the Admin Area" }).click();
  await page.getByText("You are up to date!").first().waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Finish" }).click();
  await page.waitForURL((url) => !url.pathname.includes("/install"));
  const sealed = await page.goto(`${site}/install`);
  assert.equal(sealed?.status(), 404);
}

/** Whether the page serves everybody; and, on SQLite, a picture of it when `UPGATE_SCREENSHOTS` names a folder. */
export async function lookAt(page: Page, name: string): Promise<void> {
  const folder = process.env["UPGATE_SCREENSHOTS"];
  // The pages of all databases look alike: those on SQLite are kept.
  if (folder && !/MariaDB|MySQL/.test(name))
    await page.screenshot({ path: path.join(folder, `${name.replace(/^SQLite-|-SQLite(?=-|$)/, "")}.png`), fullPage: true });
  if (runsScripts(page)) await expectForEverybody(page, name);
}
