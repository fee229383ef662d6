import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { after, describe, it } from "node:test";
import { AUDIT_REFUSAL_ROWS, AUDIT_ROWS } from "../../src/store/audit.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { PageClient } from "../support/hosting.js";
import { installerScene } from "../support/installer-scene.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the audit on ${kind.name}`, () => auditOn(kind));

interface Entry {
  readonly at: string;
  readonly event: string;
  readonly address: string;
  readonly session: string | null;
  readonly detail: string | null;
}

const FAILING = { ...SHOP_MIGRATIONS, "1.1.0/0002-fill-prices.mjs": `export const up = (knex) => knex("no_such_table").update({ a: 1 });` };

function auditOn(kind: DatabaseKind): void {
  it("tells what was done on the command line, and by whom", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: FAILING, more: { installKey: undefined } });
    const here = { cwd: project.folder };
    assert.match((await runCli(["audit"], here)).stdout, /^Nothing is recorded/);
    await install(project.options, "1.0.0");
    await withUpgate(project.options, () => until("the key", async () => /^install key/m.test((await runCli(["key"], here)).stdout)));
    assert.equal((await runCli(["key", "--rotate"], here)).code, 0);
    assert.equal((await runCli(["up", "--yes", "--backup"], here)).code, 3);
    assert.equal((await runCli(["retry"], here)).code, 3);
    assert.equal((await runCli(["restore", "--yes"], here)).code, 0);
    const { code, json } = await runCliJson<{ entries: Entry[] }>(["audit"], here);
    assert.equal(code, 0);
    const mine = json.entries.filter(({ session }) => session === "cli");
    assert.deepEqual(
      mine.map(({ event, address: who }) => [event, who]),
      [
        ["restore", userInfo().username],
        ["retry", userInfo().username],
        ["start", userInfo().username],
        ["key-rotated", userInfo().username],
      ],
    );
    assert.equal(mine[1]?.detail, mine[2]?.detail, "the run's id");
    const limited = await runCli(["audit", "--limit", "1"], here);
    assert.match(limited.stdout, /^time \(UTC\) +event +who +session +detail\n\d{4}-\d\d-\d\d .* restore .* cli /);
    assert.match(limited.stdout, /the newest 1; --limit shows more/);
    assert.equal((await runCli(["audit", "--limit", "0"], here)).code, 2);
    project.remove();
  });

  it("tells what was done in the wizard, with address and session", () =>
    installerScene(
      kind,
      async ({ upgate, client }) => {
        await client.get("/install");
        await client.post("/install/key", { key: "wrong" });
        await client.signIn(INSTALL_KEY);
        await client.get("/install/license");
        await client.post("/install/license", { agree: "yes" });
        await client.post("/install/review");
        await client.post("/install/start", { backup: "own" });
        await until("the upgrade to fail", async () => (await client.get("/install/progress")).location === "failed");
        await client.get("/install/failed");
        await client.post("/install/retry");
        await until("it to fail again", async () => (await client.get("/install/progress")).location === "failed");
        await client.get("/install/failed");
        await client.post("/install/logout");
        const rows = (await upgate.knex("upgate_audit").orderBy("happened_at")) as {
          event: string;
          address: string;
          session_id: string | null;
        }[];
        const wizard = rows.filter(({ address }) => address.includes("127.0.0.1"));
        assert.deepEqual(
          wizard.map(({ event }) => event),
          ["key-failed", "key-accepted", "license-accepted", "start", "retry", "sign-out"],
        );
        const sessions = new Set(wizard.slice(1).map(({ session_id: session }) => session));
        assert.equal(sessions.size, 1, "one session did it all");
        assert.match([...sessions][0] ?? "", /^[\da-f]{64}$/);
      },
      { migrations: FAILING },
    ));

  it("tells what nodes begin unasked, and what the application's own code has asked for", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    const { configFile: _none, ...options } = project.options;
    await install(options, "1.0.0");
    await withUpgate(options, async (upgate) => {
      const vendor = { address: "the vendor's script" };
      await (
        await upgate.upgrader.prepare({ goal: "backup", confirmation: vendor, where: "here" })
      ).finished;
      await upgate.upgrader.open(vendor);
    });
    await withUpgate({ ...options, mode: "auto", backup: "none" }, async (upgate) => {
      await until("the upgrade", () => upgate.state().kind === "current");
      const rows = (await upgate.knex("upgate_audit").orderBy("happened_at")) as {
        event: string;
        address: string;
        session_id: string | null;
      }[];
      assert.deepEqual(
        rows.map(({ event, address: who, session_id: session }) => [event, who, session]),
        [
          ["start", "host", null],
          ["backup", "the vendor's script", null],
          ["give-up", "the vendor's script", null],
          ["start", "auto", null],
        ],
      );
    });
    project.remove();
  });

  it("keeps the newest entries, and of wrong keys fewer", () =>
    installerScene(kind, async ({ upgate, client }) => {
      const row = (event: string, age: number, index: number): object => ({
        id: `${event}-${index}`,
        happened_at: new Date(Date.now() - age * 1000 - index).toISOString(),
        event,
        address: "192.0.2.1",
        session_id: null,
        detail: null,
      });
      const rows = [
        ...Array.from({ length: AUDIT_REFUSAL_ROWS + 100 }, (_, index) => row("key-failed", 100, index)),
        ...Array.from({ length: AUDIT_ROWS + 100 - AUDIT_REFUSAL_ROWS }, (_, index) => row("resume", 1000, index)),
      ];
      for (let at = 0; at < rows.length; at += 500) await upgate.knex("upgate_audit").insert(rows.slice(at, at + 500));
      await client.signIn(INSTALL_KEY);
      await new PageClient(client.base).signIn(INSTALL_KEY);
      assert.equal((await upgate.knex("upgate_audit").where({ event: "key-failed" }).select("id")).length, AUDIT_REFUSAL_ROWS);
      assert.equal((await upgate.knex("upgate_audit").select("id")).length, AUDIT_ROWS);
      assert.equal((await upgate.knex("upgate_audit").where({ event: "key-accepted" })).length, 2);
      const gone = await upgate.knex("upgate_audit").where({ id: `resume-${AUDIT_ROWS + 99 - AUDIT_REFUSAL_ROWS}` });
      assert.deepEqual(gone, [], "the oldest went");
    }));
}
