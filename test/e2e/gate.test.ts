import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { after, describe, it } from "node:test";
import express from "express";
import type { Page } from "playwright-core";
import { createUpgate, type Upgate } from "../../src/index.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { listening } from "../support/hosting.js";
import { createProject, INSTALL_KEY as key, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { expectHeading, lookAt, walkToStart } from "./walk.js";

const browser = await launchChromium();
const kinds = await databaseKinds();
after(async () => {
  await browser.close();
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the gate in Chromium on ${kind.name}`, () => gateOn(kind));

interface Scene {
  readonly site: string;
  readonly upgate: Upgate;
  /** A request that a process with the old files has let in; resolves with its answer. */
  readonly underWay: Promise<string>;
  /** Ends it. */
  readonly release: () => void;
}

function gateOn(kind: DatabaseKind): void {
  /** A site with the files of 1.1.0, and a process of 1.0.0 that works on a request. */
  async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const more = { drainTimeoutMs: 500, branding: { name: "Shop", adminUrl: "/" } };
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, license: "# Terms\n\nBe kind.", more });
    await install(project.options, "1.0.0");
    const { configFile: _none, ...here } = project.options;
    const old = createUpgate({ ...here, version: "1.0.0" });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isWorking = false;
    const guard = old.guard();
    const handle: RequestListener = (req, res) =>
      guard(req, res, () => {
        isWorking = true;
        void old.knex("products").then(() => released.then(() => res.end("answered")));
      });
    await listening(handle, async (base) => {
      await old.whenOpen();
      const underWay = fetch(`${base}/report`).then((answer) => answer.text());
      underWay.catch(() => undefined); // each scene judges it
      await until("the request to be let in", () => isWorking);
      await withUpgate(project.options, async (upgate) => {
        const app = express();
        app.use(upgate.guard({ bypass: true }));
        app.use("/install", upgate.installer());
        app.get("/", (_req, res) => void res.send("<!doctype html><title>Shop</title><h1>The shop is open</h1>"));
        await listening(app, (site) => play({ site, upgate, underWay, release }));
      });
      release();
    });
    await old.close();
    project.remove();
  }

  async function walkToQuestion(page: Page, site: string): Promise<void> {
    await walkToStart(page, { site, key });
    await expectHeading(page, "Upgrade in Progress");
    await page.locator("#activity", { hasText: /waiting for 1 of 2 nodes: .* 1 request, oldest GET \/report/ }).waitFor();
    await page.getByRole("button", { name: "End" }).waitFor();
  }

  for (const [javaScriptEnabled, width] of [
    [true, 1280],
    [false, 360],
  ] as const)
    it(`asks about requests still under way, and goes on when they are over, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () =>
      scene(({ site, underWay, release }) =>
        onPage(browser, { javaScriptEnabled, viewport: { width, height: 740 } }, async (page, complaints) => {
          await walkToQuestion(page, site);
          await lookAt(page, `drain-${kind.name}-${width}`);
          await page.getByRole("button", { name: "Wait" }).click();
          await page.getByText("Waiting for them.").waitFor();
          assert.equal(await page.getByRole("button", { name: "Wait" }).isVisible(), false);
          await lookAt(page, `drain-waiting-${kind.name}-${width}`);
          release();
          assert.equal(await underWay, "answered");
          await expectHeading(page, "Upgrade Completed Successfully!");
          assert.deepEqual(complaints, []);
        }),
      ));

  it("ends them at End", () =>
    scene(({ site, underWay }) =>
      onPage(browser, {}, async (page) => {
        await walkToQuestion(page, site);
        await page.getByRole("button", { name: "End" }).click();
        await assert.rejects(underWay);
        await expectHeading(page, "Upgrade Completed Successfully!");
      }),
    ));

  it("gives up at Abort, and the site is as it was", () =>
    scene(({ site, underWay, release, upgate }) =>
      onPage(browser, {}, async (page) => {
        await walkToQuestion(page, site);
        await page.getByRole("button", { name: "Abort" }).click();
        await expectHeading(page, /Review|Licen[cs]e/);
        await lookAt(page, `aborted-${kind.name}`);
        assert.equal(upgate.state().kind, "behind");
        release();
        assert.equal(await underWay, "answered");
      }),
    ));

  for (const [javaScriptEnabled, width] of [
    [true, 1280],
    [false, 360],
  ] as const)
    it(`lets the operator look before visitors do, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () =>
      scene(({ site, release }) =>
        onPage(browser, { javaScriptEnabled, viewport: { width, height: 740 } }, async (page, complaints) => {
          release();
          const tick = async (name: string): Promise<void> => {
            if (name !== "backup") return;
            await page.getByRole("checkbox", { name: /Keep the site closed/ }).check();
            await lookAt(page, `hold-${kind.name}-${width}`);
          };
          await walkToStart(page, { site, key, onStep: tick });
          await expectHeading(page, "Upgrade Completed Successfully!");
          await page.getByText(/still closed to visitors/).waitFor();
          await lookAt(page, `held-${kind.name}-${width}`);
          assert.match(await (await fetch(site, { headers: { accept: "text/html" } })).text(), /Err 3/);
          const [look] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button", { name: "Look at the Site" }).click()]);
          await expectHeading(look, "The shop is open");
          await page.getByRole("button", { name: "Open the Site" }).click();
          await page.getByText(/is open for visitors again/).waitFor();
          assert.match(await (await fetch(site)).text(), /The shop is open/);
          await page.getByRole("button", { name: "Finish" }).click();
          await expectHeading(page, "The shop is open");
          assert.deepEqual(complaints, []);
        }),
      ));
}
