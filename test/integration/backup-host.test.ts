import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { HostBackupDriver, UpgateOptions } from "../../src/index.js";
import { createUpgate } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a driver of the host's own on ${kind.name}`, () => driversOn(kind));

const FAILING = { ...SHOP_MIGRATIONS, "1.1.0/0003-break.mjs": `export const up = (knex) => knex("nowhere").delete();` };

function driversOn(kind: DatabaseKind): void {
  async function scene(driver: HostBackupDriver, play: (options: UpgateOptions) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: FAILING });
    const { configFile: _file, ...here } = project.options;
    await install(here, "1.0.0");
    await play({ ...here, backup: { driver } });
    project.remove();
  }

  async function failedRun(upgate: ReturnType<typeof createUpgate>): Promise<{ proof: string | null; id: string }> {
    const run = await upgate.upgrader.start({ where: "here", backup: { kind: "wanted", address: "test" } });
    assert.equal((await run.finished).status, "failed");
    const { run: shown } = await upgate.upgrader.status();
    assert.equal(shown?.backup?.kind, "made", shown?.error?.message);
    return { proof: shown?.backup?.made?.proof ?? null, id: shown?.backup?.made?.id ?? "" };
  }

  it("makes the backup, checks it, and brings the database back", () => {
    const calls: string[] = [];
    let rows: object[] = [];
    return scene(
      {
        name: "memory",
        create: async ({ exclude }) => {
          assert.ok(exclude.includes("upgate_run"));
          return { reference: "snapshot-1" };
        },
        verify: async ({ reference }) => void calls.push(`verify ${reference}`),
        restore: async ({ reference }) => void calls.push(`restore ${reference}`),
      },
      (options) =>
        withUpgate(options, async (upgate) => {
          rows = await upgate.knex("products").select();
          assert.equal(rows.length, 2);
          assert.equal((await failedRun(upgate)).proof, "read");
          const restore = await upgate.upgrader.restore({ where: "here", confirmation: { address: "test" } });
          assert.equal((await restore.finished).status, "completed");
          assert.deepEqual(calls, ["verify snapshot-1", "verify snapshot-1", "restore snapshot-1"]);
        }),
    );
  });

  it("that can't restore is told before anything begins", () =>
    scene({ name: "cloud", create: async () => ({ reference: "snapshot-7" }) }, (options) =>
      withUpgate(options, async (upgate) => {
        assert.equal((await failedRun(upgate)).proof, null, "nobody has looked");
        await assert.rejects(upgate.upgrader.restore({ where: "here", confirmation: { address: "test" } }), {
          code: "ERR_UPGATE_NO_BACKUP_DRIVER",
          remedy: /cloud calls it snapshot-7/,
        });
        assert.equal((await upgate.upgrader.state()).kind, "failed");
      }),
    ));

  it("that fails, fails the run before anything is changed", () =>
    scene(
      {
        name: "cloud",
        create: async () => {
          throw new Error("quota exceeded");
        },
      },
      (options) =>
        withUpgate(options, async (upgate) => {
          const run = await upgate.upgrader.start({ where: "here", backup: { kind: "wanted", address: "test" } });
          const { status, error } = await run.finished;
          assert.deepEqual([status, error?.code], ["failed", "ERR_UPGATE_BACKUP_FAILED"]);
          assert.match(error?.message ?? "", /quota exceeded/);
          assert.equal(await upgate.knex.schema.hasColumn("products", "price_cents"), false);
        }),
    ));
}
