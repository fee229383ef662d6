import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createProject, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { install, withUpgate } from "../support/upgates.js";
import type { VersionStateKind } from "../../src/index.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the version state on ${kind.name}`, () => statesOn(kind));

function statesOn(kind: DatabaseKind): void {
  let project: TestProject;
  const setUp = async (more: Partial<ProjectOptions> = {}): Promise<TestProject> => {
    const { address } = await kind.create();
    return (project = createProject(address, { migrations: SHOP_MIGRATIONS, ...more }));
  };
  const stateOf = (): Promise<{ kind: VersionStateKind; reason: string; pending: readonly string[] }> =>
    withUpgate(project.options, async (upgate) => upgate.state());
  const sql = (statement: string, bindings: string[] = []): Promise<unknown> =>
    withUpgate(project.options, async (upgate) => upgate.knex.raw(statement, bindings));

  it("is fresh on an empty database, also for the second process that looks", async () => {
    await setUp();
    assert.equal((await stateOf()).kind, "fresh");
    assert.equal((await stateOf()).kind, "fresh");
  });

  it("is unversioned when tables of somebody's are there", async () => {
    await setUp();
    await sql("CREATE TABLE customers (id INTEGER PRIMARY KEY)");
    assert.equal((await stateOf()).kind, "unversioned");
  });

  it("is unversioned when the version table holds other settings but no version", async () => {
    await setUp();
    await sql("CREATE TABLE tbl_config (setting VARCHAR(64) PRIMARY KEY, value TEXT)");
    await sql("INSERT INTO tbl_config (setting, value) VALUES ('theme', 'dark')");
    assert.equal((await stateOf()).kind, "unversioned");
  });

  it("is behind after upgate baseline, with the earlier migrations counted as applied and none run", async () => {
    await setUp();
    await sql("CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(64))");
    const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    const baseline = (version: string) =>
      spawnSync(process.execPath, [cli, "baseline", version, "--config", project.options.configFile as string], {
        encoding: "utf8",
      });
    const tooNew = baseline("2.0.0");
    assert.equal(tooNew.status, 1);
    assert.match(tooNew.stderr, /older than 2\.0\.0/);
    const done = baseline("1.0.0");
    assert.deepEqual(
      [done.status, done.stdout],
      [0, "The database is at release 1.0.0 now; 1 migration counts as applied.\nThe database is at release 1.0.0, the files are 1.1.0.\n"],
      done.stderr,
    );
    const state = await stateOf();
    assert.equal(state.kind, "behind");
    assert.deepEqual(state.pending, ["1.1.0/0001-product-price", "1.1.0/0002-fill-prices"]);
    await install(project.options, "1.1.0");
    assert.equal((await stateOf()).kind, "current");
    assert.equal(baseline("1.0.0").status, 1, "a database with a version row is left alone");
  });

  it("is behind with the pending migrations named, and current after the upgrade", async () => {
    await setUp();
    await install(project.options, "1.0.0");
    const behind = await stateOf();
    assert.equal(behind.kind, "behind");
    assert.deepEqual(behind.pending, ["1.1.0/0001-product-price", "1.1.0/0002-fill-prices"]);
    await install(project.options, "1.1.0");
    assert.equal((await stateOf()).kind, "current");
  });

  it("is behind at equal versions when a migration of the release is pending", async () => {
    await setUp();
    await install(project.options, "1.1.0");
    project.write("migrations/1.1.0/0003-late.mjs", "export const up = () => undefined;");
    const state = await stateOf();
    assert.equal(state.kind, "behind");
    assert.match(state.reason, /1\.1\.0\/0003-late/);
  });

  it("is ahead when older files are put back", async () => {
    await setUp();
    await install(project.options, "1.1.0");
    await withUpgate({ ...project.options, version: "1.0.0" }, async (upgate) => assert.equal(upgate.state().kind, "ahead"));
  });

  it("ignores build metadata in the row", async () => {
    await setUp();
    await install(project.options, "1.1.0");
    await sql("UPDATE tbl_config SET value = '1.1.0+build.7' WHERE setting = 'version'");
    assert.equal((await stateOf()).kind, "current");
  });

  for (const [what, value] of [
    ["is no version", "eight point six"],
    ["is empty", ""],
    ["is too long to be one", "9".repeat(250)],
  ] as const) {
    it(`is unknown, and the gate is closed, when the row's text ${what}`, async () => {
      await setUp();
      await install(project.options, "1.1.0");
      await sql("UPDATE tbl_config SET value = ? WHERE setting = 'version'", [value]);
      const state = await stateOf();
      assert.equal(state.kind, "unknown");
      assert.match(state.reason, /version/i);
    });
  }

  it("is unknown for a row of 10 kB in a table of the host's, without carrying it along", async () => {
    await setUp({ more: { versionRow: { table: "settings", keyColumn: "name", key: "app_version", valueColumn: "content" } } });
    await sql("CREATE TABLE settings (name VARCHAR(64) PRIMARY KEY, content TEXT)");
    await sql("INSERT INTO settings (name, content) VALUES ('app_version', ?)", ["x".repeat(10_240)]);
    const state = await stateOf();
    assert.equal(state.kind, "unknown");
    assert.match(state.reason, /10240 characters/);
  });

  it("reads and writes a version row of the host's own", async () => {
    await setUp({ more: { versionRow: { table: "tblconfiguration", keyColumn: "setting", key: "Version", valueColumn: "value" } } });
    await sql("CREATE TABLE tblconfiguration (id INTEGER PRIMARY KEY, setting VARCHAR(64), value TEXT)");
    await sql("CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(64))");
    await sql("INSERT INTO tblconfiguration (id, setting, value) VALUES (1, 'Version', '1.0.0-release.1'), (2, 'Theme', 'six')");
    project.write("migrations/1.0.0/0001-products.mjs", "export const up = () => undefined;");
    assert.equal((await stateOf()).kind, "behind");
    await install(project.options, "1.1.0");
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "current");
      const rows = (await upgate.knex("tblconfiguration").orderBy("id").select("setting", "value")) as { setting: string; value: string }[];
      assert.deepEqual(
        rows.map((row) => [row.setting, row.value]),
        [
          ["Version", "1.1.0"],
          ["Theme", "six"],
        ],
      );
    });
  });
}
