import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { launchChromium, onPage } from "../support/chromium.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { listening } from "../support/hosting.js";
import { FAILING_MIGRATIONS, putInDoubt } from "../support/in-doubt.js";
import { startNginx } from "../support/nginx.js";
import { prefixProxy } from "../support/prefix-proxy.js";
import { INSTALL_KEY as key, SHOP_MIGRATIONS } from "../support/project.js";
import { until } from "../support/wait.js";
import { FAILING, sceneOn, WAITING } from "./scene.js";
import { expectHeading, finishInAdmin, lookAt, walkToStart } from "./walk.js";

const browser = await launchChromium();
const kinds = await databaseKinds();
after(async () => {
  await browser.close();
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`in Chromium on ${kind.name}`, () => scenesOn(kind));

function scenesOn(kind: DatabaseKind): void {
  const scene = sceneOn(kind);

  for (const javaScriptEnabled of [true, false]) {
    const script = javaScriptEnabled ? "with" : "without";

    it(`walks below a mount, ${script} JavaScript`, () =>
      scene({}, { basePath: "/billing" }, async ({ site }) =>
        onPage(browser, { javaScriptEnabled }, async (page, complaints) => {
          await walkToStart(page, { site, key });
          await expectHeading(page, "Upgrade Completed Successfully!");
          await finishInAdmin(page, site);
          assert.deepEqual(complaints, []);
        }),
      ));

    it(`walks behind a proxy that strips a prefix, under a name that is not loopback, ${script} JavaScript`, () =>
      scene({}, { branding: { name: "Shop", adminUrl: "/shop/admin" } }, async ({ site }) =>
        listening(prefixProxy("/shop", site), async (proxy) => {
          const outside = `http://my.site.test:${new URL(proxy).port}/shop`;
          await onPage(browser, { javaScriptEnabled }, async (page, complaints) => {
            await page.goto(`${outside}/orders?page=2`);
            await expectHeading(page, "Down for Maintenance (Err 2)");
            await walkToStart(page, { site: outside, key });
            await expectHeading(page, "Upgrade Completed Successfully!");
            await finishInAdmin(page, outside);
            assert.deepEqual(complaints, []);
          });
        }),
      ));
  }

  it("follows the progress by polling where server-sent events don't come through", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": WAITING }, {}, async ({ site, project }) =>
      onPage(browser, {}, async (page) => {
        let polls = 0;
        await page.route("**/install/events", (route) => route.abort());
        page.on("request", (request) => {
          if (request.url().endsWith("/install/status")) polls++;
        });
        await walkToStart(page, { site, key });
        await expectHeading(page, "Upgrade in Progress");
        await until("the first change to be shown", async () => (await page.locator("#bar").getAttribute("value")) === "50");
        await until("the page to poll", () => polls > 1);
        project.write("go", "");
        await expectHeading(page, "Upgrade Completed Successfully!");
      }),
    ));

  it("follows the progress by polling behind a proxy that holds the stream back", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": WAITING }, {}, async ({ site, project }) => {
      const nginx = await startNginx(
        [new URL(site).port],
        ["proxy_buffering on", "proxy_ignore_headers X-Accel-Buffering", "proxy_buffers 8 64k", "proxy_buffer_size 64k"],
      );
      try {
        await onPage(browser, {}, async (page) => {
          let polls = 0;
          page.on("request", (request) => {
            if (request.url().endsWith("/install/status")) polls++;
          });
          await walkToStart(page, { site: `http://127.0.0.1:${nginx.address().port}`, key });
          await expectHeading(page, "Upgrade in Progress");
          await until("the first change to be shown", async () => (await page.locator("#bar").getAttribute("value")) === "50");
          await until("the page to poll", () => polls > 2);
          assert.match(await page.title(), /^50% – Upgrade in Progress – Shop$/);
          assert.match((await page.locator('link[rel="icon"]').getAttribute("href")) ?? "", /favicon-running\.svg$/);
          assert.match((await page.locator("#step-detail").textContent()) ?? "", /no figures/);
          project.write("go", "");
          await expectHeading(page, "Upgrade Completed Successfully!");
          assert.match((await page.locator('link[rel="icon"]').getAttribute("href")) ?? "", /favicon-done\.svg$/);
        });
      } finally {
        await nginx.stop();
      }
    }));

  it("shows a failed upgrade with reason and remedy, and goes on at Retry", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": FAILING }, {}, async ({ site, project }) =>
      onPage(browser, {}, async (page) => {
        await walkToStart(page, { site, key });
        await expectHeading(page, "Upgrade Failed");
        await page
          .getByText(/no_such_table/)
          .first()
          .waitFor();
        await lookAt(page, `failed-${kind.name}`);
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /Report/ }).click()]);
        assert.match(download.suggestedFilename(), /^upgrade-report-.*\.json$/);
        project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
        await page.getByRole("button", { name: "Retry" }).click();
        await expectHeading(page, "Upgrade Completed Successfully!");
      }),
    ));

  for (const [answer, javaScriptEnabled, width] of [
    ["It Was Applied", true, 1280],
    ["Run It Again", false, 360],
  ] as const)
    it(`asks about a statement in doubt and goes on at ${answer}, ${width} pixels wide, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () =>
      scene(FAILING_MIGRATIONS, {}, async ({ site, project, upgate }) =>
        onPage(browser, { javaScriptEnabled, viewport: { width, height: 740 } }, async (page, complaints) => {
          await walkToStart(page, { site, key });
          await expectHeading(page, "Upgrade Failed");
          await putInDoubt(upgate, project, {
            sequence: 3,
            statement: `call \`fill\`(${"?, ".repeat(600)}?)`,
            why: "It is a stored procedure.",
          });
          await page.reload();
          await page.getByText("It is a stored procedure.").waitFor();
          const statement = page.getByRole("region", { name: "The statement" });
          const [shown, whole] = await statement.evaluate((box) => [box.clientHeight, box.scrollHeight] as const);
          assert.ok(shown < whole, "a long one scrolls");
          const sideways = await page.locator("html").evaluate((root) => root.scrollWidth - root.clientWidth);
          assert.equal(sideways, 0, "no sideways scrolling");
          assert.equal(await page.getByRole("button", { name: "Retry" }).count(), 0);
          await lookAt(page, `in-doubt-${width}-${kind.name}`);
          await page.getByRole("button", { name: answer }).click();
          await expectHeading(page, "Upgrade Completed Successfully!");
          assert.deepEqual(complaints, []);
        }),
      ));

  it("shows progress to whoever has the key, survives the browser's closing, and lets a killed run be resumed", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": WAITING }, {}, async ({ site, project, upgate }) => {
      await onPage(browser, {}, async (page) => {
        await walkToStart(page, { site, key });
        await expectHeading(page, "Upgrade in Progress");
        await until("the second change to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
      });
      assert.equal(upgate.state().kind, "running", "the first browser is closed");
      await onPage(browser, {}, async (visitor) => {
        await visitor.goto(`${site}/`);
        await expectHeading(visitor, "Down for Maintenance (Err 3)");
      });
      await onPage(browser, {}, async (page) => {
        await page.goto(`${site}/install`);
        await page.getByLabel("Install key").fill(key);
        await page.getByRole("button", { name: "Continue" }).click();
        await expectHeading(page, "Upgrade in Progress");
        await until("the first migration to be shown as applied", async () => (await page.locator("#bar").getAttribute("value")) === "50");
        await lookAt(page, `progress-${kind.name}`);
        await page.reload();
        await expectHeading(page, "Upgrade in Progress");
        const { pid } = await upgate.knex("upgate_lease").first("pid");
        process.kill(Number(pid), "SIGKILL");
        await expectHeading(page, "Upgrade Interrupted");
        await lookAt(page, `interrupted-${kind.name}`);
        project.write("go", "");
        await page.getByRole("button", { name: "Resume" }).click();
        await expectHeading(page, "Upgrade Completed Successfully!");
      });
    }));
}
