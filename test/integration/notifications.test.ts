import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import type { NotificationOptions, UpgateOptions } from "../../src/index.js";
import { deliver } from "../../src/upgrade/notifications/deliver.js";
import { testNotification } from "../../src/core/notification.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { startSite } from "../support/site.js";
import { startSmtp, type TestSmtp } from "../support/smtp-server.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const SECRET = "a secret for the tests";
const PASSWORD = "pa55word-of-the-tests";

let receiver: WebhookReceiver;
let smtp: TestSmtp;
beforeEach(async () => {
  receiver = await startWebhookReceiver(SECRET);
  smtp = await startSmtp();
});
afterEach(async () => {
  await receiver.stop();
  await smtp.stop();
});

const both = (): NotificationOptions => ({
  webhook: { url: receiver.url, secret: SECRET },
  mail: {
    smtp: `smtp://ops:${PASSWORD}@127.0.0.1:${smtp.port}`,
    from: "Shop <shop@example.com>",
    to: ["ops@example.com", "owner@example.com"],
  },
});

for (const kind of kinds) describe(`messages on ${kind.name}`, () => messagesOn(kind));

function messagesOn(kind: DatabaseKind): void {
  async function scene(
    { migrations = {}, notifications = both() }: { migrations?: Record<string, string>; notifications?: NotificationOptions },
    play: (project: TestProject, here: UpgateOptions) => Promise<void>,
  ): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, {
      migrations: { ...SHOP_MIGRATIONS, ...migrations },
      more: { notifications, branding: { name: "Shop" } },
    });
    const { configFile: _none, ...here } = project.options;
    const { notifications: _nobody, ...silent } = here;
    await install(silent, "1.0.0");
    await play(project, here);
    project.remove();
  }
  const events = (): string[] => receiver.hooks.map(({ notification }) => notification.event);

  it("tells by webhook and mail that an upgrade is finished, once, however many nodes there are", () =>
    scene({}, async (project) => {
      const sites = await Promise.all([startSite(project), startSite(project)]);
      const { code, stderr } = await runCli(["up", "--yes"], { cwd: project.folder });
      assert.equal(code, 0, stderr);
      await until("the webhook", () => receiver.hooks.length > 0);
      await until("the mail", () => smtp.mails.length > 0);
      await until("the sites to open", async () =>
        (await Promise.all(sites.map((site) => site.visit()))).every(({ status }) => status === 200),
      );
      await Promise.all(sites.map((site) => site.stop()));
      const [hook] = receiver.hooks;
      assert.deepEqual([receiver.hooks.length, hook?.signed, hook?.event], [1, true, "finished"]);
      assert.equal(hook?.notification.subject, "Shop: The upgrade to release 1.1.0 is finished.");
      assert.deepEqual(hook?.notification.run?.migrations, { applied: 2, total: 2 });
      assert.equal(smtp.mails.length, 1);
      assert.deepEqual(smtp.mails[0]?.to, ["ops@example.com", "owner@example.com"]);
      assert.match(smtp.mails[0]?.data ?? "", /^Subject: Shop: The upgrade to release 1\.1\.0 is finished\.$/m);
      assert.match(smtp.mails[0]?.data ?? "", /^Auto-Submitted: auto-generated$/m);
      assert.deepEqual(smtp.logins, [`ops ${PASSWORD}`]);
      assert.doesNotMatch(sites.map((site) => site.output()).join("") + stderr, new RegExp(`${PASSWORD}|${SECRET}|tenant-4711`));
    }));

  it("tells that it has failed, and again when it fails again, without what stands in rows", () =>
    scene(
      {
        migrations: {
          "1.1.0/0002-fill-prices.mjs": `export const up = async (knex) => { await knex("products").insert({ id: 1, name: "a row", price_cents: 1 }); };`,
        },
      },
      async (project, here) => {
        await withUpgate(here, async (upgate) => {
          const run = await upgate.upgrader.start({ where: "here" });
          assert.equal((await run.finished).status, "failed");
          await until("the message", () => receiver.hooks.length === 1);
          const again = await upgate.upgrader.retry({ where: "here" });
          assert.equal((await again.finished).status, "failed");
          await until("the second message", () => receiver.hooks.length === 2);
          await until("the mails", () => smtp.mails.length === 2);
        });
        assert.deepEqual(events(), ["failed", "failed"]);
        const [first, second] = receiver.hooks.map(({ notification }) => notification);
        assert.notEqual(first?.id, second?.id);
        assert.equal(first?.error?.migration, "1.1.0/0002-fill-prices");
        assert.match(first?.text ?? "", /What to do: /);
        assert.doesNotMatch(JSON.stringify(first), /entry '1'|a row/);
        assert.doesNotMatch(project.lines.join("\n"), new RegExp(`${PASSWORD}|${SECRET}|tenant-4711`));
      },
    ));

  it("tells that it was interrupted, by a node that sees it", () =>
    scene(
      {
        migrations: {
          "1.1.0/0002-fill-prices.mjs": `export const up = () => process.kill(process.pid, "SIGKILL");`,
        },
      },
      async (project) => {
        const sites = await Promise.all([startSite(project), startSite(project)]);
        await runCli(["up", "--yes"], { cwd: project.folder });
        await until("the message", () => receiver.hooks.length > 0);
        await until("the mail", () => smtp.mails.length > 0);
        await until("both sites to have seen it", () => sites.every((site) => /interrupted/.test(site.output())));
        await Promise.all(sites.map((site) => site.stop()));
        assert.deepEqual(events(), ["interrupted"]);
        assert.match(receiver.hooks[0]?.notification.text ?? "", /press Resume/);
      },
    ));

  it("tells only what it was asked to", () =>
    scene({ notifications: { webhook: { url: receiver.url, secret: SECRET }, on: ["failed"] } }, async (_project, here) => {
      await withUpgate(here, async (upgate) => {
        assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "completed");
      });
      assert.deepEqual(events(), []);
    }));

  it("is no part of the run: a receiver that is not there fails nothing", () =>
    scene({ notifications: { webhook: { url: "http://127.0.0.1:9/hooks/tenant-4711-token", secret: SECRET } } }, async (project, here) => {
      await withUpgate(here, async (upgate) => {
        assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "completed");
        await until("the warning", () => project.lines.some((line) => /was not taken after 3 attempts \(webhook\)/.test(line)));
        const entry = await until("the record of it", () => upgate.knex("upgate_audit").where({ event: "notification-failed" }).first());
        assert.match(entry.detail, /^\d{8}T\d{6}-[\da-f]{8}: webhook: /);
        assert.doesNotMatch(entry.detail, /tenant-4711/);
      });
      assert.doesNotMatch(project.lines.join("\n"), /tenant-4711|a secret/);
    }));

  it("can be tried by upgate notify --test", () =>
    scene({}, async (project) => {
      const { code, stdout } = await runCli(["notify", "--test"], { cwd: project.folder });
      assert.equal(code, 0, stdout);
      assert.deepEqual(events(), ["test"]);
      assert.equal(smtp.mails.length, 1);
      await receiver.stop();
      const refused = await runCliJson<{ deliveries: { channel: string; delivered: boolean; attempts: number }[] }>(["notify", "--test"], {
        cwd: project.folder,
      });
      assert.equal(refused.code, 1);
      assert.deepEqual(
        refused.json.deliveries.map(({ channel, delivered, attempts }) => [channel, delivered, attempts]),
        [
          ["webhook", false, 3],
          ["mail", true, 1],
        ],
      );
      assert.doesNotMatch(refused.stdout + refused.stderr, new RegExp(`${PASSWORD}|${SECRET}|tenant-4711`));
    }));
}

describe("a delivery", () => {
  const message = testNotification("test:1", "2026-11-22T13:00:00.000Z", null);

  it("is tried three times, signed anew each time, with the same id", async () => {
    receiver.refuse(2);
    smtp.refuse(1);
    const channels = { webhook: { url: receiver.url, secret: SECRET }, mail: { ...both().mail, to: ["ops@example.com"] } as never, on: [] };
    const deliveries = await deliver(channels, message, { pausesMs: [1, 1] });
    assert.deepEqual(
      deliveries.map(({ channel, delivered, attempts }) => [channel, delivered, attempts]),
      [
        ["webhook", true, 3],
        ["mail", true, 2],
      ],
    );
    assert.deepEqual([receiver.requests(), receiver.hooks[0]?.signed, receiver.hooks[0]?.notification.id], [3, true, "test:1"]);
  });

  it("ends at its limit where nobody answers", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const channels = {
      webhook: { url: `http://127.0.0.1:${port}/`, secret: SECRET },
      mail: { smtp: `smtp://127.0.0.1:${port}`, from: "a@example.com", to: ["b@example.com"] },
      on: [],
    };
    const deliveries = await deliver(channels, message, { limitMs: 200, pausesMs: [1] });
    assert.deepEqual(
      deliveries.map(({ delivered, attempts }) => [delivered, attempts]),
      [
        [false, 2],
        [false, 2],
      ],
    );
    assert.match(deliveries[0]?.error ?? "", /no answer within 0\.2 s/);
    silent.close();
  });
});
