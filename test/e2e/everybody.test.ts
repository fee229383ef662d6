/// <reference lib="dom" />
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { BUNDLED_LANGUAGES } from "../../src/core/languages.js";
import { Texts, type Wording } from "../../src/web/texts/texts.js";
import { expectFits, expectForEverybody } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { type Demo, startDemo } from "../support/demo.js";
import { expectHeading, lookAt } from "./walk.js";

const browser = await launchChromium();
after(() => browser.close());
const texts = new Texts(BUNDLED_LANGUAGES, {});

async function withDemo(use: (demo: Demo) => Promise<void>): Promise<void> {
  const demo = await startDemo(null);
  try {
    await use(demo);
  } finally {
    await demo.stop();
  }
}

/** The whole walk in one language, by its own words. */
async function walk(page: Page, { base, key }: Demo, { t, lang, dir }: Wording, look: (name: string) => Promise<void>): Promise<void> {
  const button = (english: string): Promise<void> => page.getByRole("button", { name: t(english), exact: true }).click();
  await page.goto(base);
  await expectHeading(page, new RegExp(t("Down for Maintenance")));
  await look("maintenance");
  await page.goto(`${base}/install`);
  await expectHeading(page, t("Install Key"));
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [lang, dir]);
  await look("key");
  await page.locator("#key").fill("not the key, but long enough");
  await button("Continue");
  await page.getByRole("alert").waitFor();
  await look("key-refused");
  await page.locator("#key").fill(key);
  await button("Continue");
  await expectHeading(page, t("Licence Agreement"));
  await look("license");
  await page.getByRole("checkbox").check();
  await button("I Agree");
  await expectHeading(page, t("Review the Upgrade"));
  await look("review");
  await button("Continue");
  await expectHeading(page, t("Back Up Your Database"));
  await look("backup");
  await button("I Have a Backup, Start the Upgrade");
  await expectHeading(page, t("Upgrade Completed Successfully!"));
  await look("done");
  await page.goto(`${base}/admin/system-health`);
  await expectHeading(page, t("System Health"));
  await look("health");
}

describe("the wizard for everybody", () => {
  for (const language of ["ar", "ja"]) {
    it(`is walked in ${language}, chosen by the browser, on a phone`, () =>
      withDemo((demo) =>
        onPage(browser, { locale: language, viewport: { width: 390, height: 800 } }, async (page, complaints) => {
          await walk(page, demo, texts.in(language), (name) => lookAt(page, `${name}-${language}`));
          assert.deepEqual(complaints, []);
        }),
      ));
  }

  for (const language of ["en", "de", "ar"]) {
    it(`fits into 320 pixels in ${language}, as a page does that is enlarged to 400 %`, () =>
      withDemo((demo) =>
        onPage(browser, { locale: language, viewport: { width: 320, height: 256 } }, async (page) => {
          await walk(page, demo, texts.in(language), (name) => expectFits(page, `${name}-${language}`));
        }),
      ));
  }

  it("changes its language at the foot of the page, keeps it, and keeps the choice to itself", () =>
    withDemo(({ base, key }) =>
      onPage(browser, { locale: "en" }, async (page) => {
        await page.goto(`${base}/install`);
        await page.getByRole("link", { name: "Deutsch" }).click();
        const de = texts.in("de");
        await expectHeading(page, de.t("Install Key"));
        await page.locator("#key").fill(key);
        await page.getByRole("button", { name: de.t("Continue") }).click();
        await expectHeading(page, de.t("Licence Agreement"));
        const cookies = await page.context().cookies();
        assert.deepEqual(cookies.map(({ name, path }) => [name, path]).toSorted(), [
          ["upgate_language", "/install"],
          ["upgate_session", "/install"],
        ]);
      }),
    ));

  it("holds still for those who ask for less motion", () =>
    withDemo(({ base }) =>
      onPage(browser, { reducedMotion: "reduce" }, async (page) => {
        for (const path of ["/", "/install"]) {
          await page.goto(base + path);
          const moving = await page.evaluate(
            () => document.getAnimations().filter((animation) => animation.playState === "running").length,
          );
          assert.equal(moving, 0, path);
        }
      }),
    ));

  it("shows the maintenance page to everybody, in every language", () =>
    withDemo(async ({ base }) => {
      for (const language of BUNDLED_LANGUAGES)
        await onPage(browser, { locale: language, viewport: { width: 390, height: 800 } }, async (page) => {
          await page.goto(base);
          await expectHeading(page, new RegExp(texts.in(language).t("Down for Maintenance")));
          await expectForEverybody(page, `maintenance in ${language}`);
        });
    }));
});
