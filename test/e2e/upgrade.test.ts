import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { startDemo } from "../support/demo.js";
import { expectHeading, finishInAdmin, lookAt, walkToStart } from "./walk.js";

const browser = await launchChromium();
const kinds = await databaseKinds();
after(async () => {
  await browser.close();
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the whole way on ${kind.name}`, () => wholeWayOn(kind));

function wholeWayOn(kind: DatabaseKind): void {
  it("leads from Down for Maintenance (Err 2) to You are up to date!, and the visitor's page comes back by itself", async () => {
    const { address } = await kind.create();
    const demo = await startDemo(address);
    try {
      await onPage(browser, {}, async (visitor, visitorsComplaints) => {
        const maintenance = await visitor.goto(`${demo.base}/client?from=mail#invoices`);
        assert.equal(maintenance?.status(), 503);
        await expectHeading(visitor, "Down for Maintenance (Err 2)");
        await lookAt(visitor, `maintenance-${kind.name}`);
        await onPage(browser, {}, async (operator, complaints) => {
          const onStep = (name: string): Promise<void> => lookAt(operator, `${name}-${kind.name}`);
          await walkToStart(operator, { site: demo.base, key: demo.key, onStep });
          await expectHeading(operator, "Upgrade Completed Successfully!");
          await lookAt(operator, `done-${kind.name}`);
          await finishInAdmin(operator, demo.base);
          await operator.goto(`${demo.base}/admin`);
          await lookAt(operator, `admin-${kind.name}`);
          await operator.goto(`${demo.base}/admin/system-health`);
          await expectHeading(operator, "System Health");
          await lookAt(operator, `health-${kind.name}`);
          assert.deepEqual(complaints, []);
        });
        await visitor.getByRole("heading", { level: 1, name: /Down for Maintenance/ }).waitFor({ state: "detached", timeout: 30_000 });
        assert.equal(visitor.url(), `${demo.base}/client?from=mail#invoices`, "the address asked for, with query and fragment");
        assert.deepEqual(visitorsComplaints, []);
      });
    } finally {
      await demo.stop();
    }
  });

  it("works without JavaScript under a name that is not loopback, and the visitor's page still comes back", async () => {
    const { address } = await kind.create();
    const demo = await startDemo(address);
    const site = `http://billing.test:${demo.port}`;
    try {
      await onPage(browser, { javaScriptEnabled: false }, async (visitor) => {
        await visitor.goto(`${site}/client?from=mail`);
        await expectHeading(visitor, "Down for Maintenance (Err 2)");
        await onPage(browser, { javaScriptEnabled: false }, async (operator, complaints) => {
          await walkToStart(operator, { site, key: demo.key });
          await expectHeading(operator, "Upgrade Completed Successfully!");
          await finishInAdmin(operator, site);
          assert.deepEqual(complaints, []);
        });
        await visitor.getByRole("heading", { level: 1, name: /Down for Maintenance/ }).waitFor({ state: "detached", timeout: 30_000 });
        assert.equal(visitor.url(), `${site}/client?from=mail`);
      });
    } finally {
      await demo.stop();
    }
  });

  it("installs on an empty database by the same pages", async () => {
    const { address } = await kind.create();
    const demo = await startDemo(address, ["--fresh"]);
    try {
      await onPage(browser, {}, async (operator) => {
        await walkToStart(operator, {
          site: demo.base,
          key: demo.key,
          noun: "Install",
          onStep: (name) => lookAt(operator, `fresh-${name}-${kind.name}`),
        });
        await expectHeading(operator, "Install Completed Successfully!");
        await finishInAdmin(operator, demo.base);
      });
    } finally {
      await demo.stop();
    }
  });
}
