import assert from "node:assert/strict";
import path from "node:path";
import { after, describe, it } from "node:test";
import knexFactory, { type Knex } from "knex";
import { createUpgate, type UpgateOptions } from "../../src/index.js";
import { databaseSource } from "../../src/store/connect.js";
import { connectHost } from "../../src/store/connect.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { Upgrader } from "../../src/upgrade/upgrader.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, type TestProject } from "../support/project.js";
import { withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

/** As knex users write them: CommonJS and ES modules, one folder. */
const FLAT: Readonly<Record<string, string>> = {
  "20240101_products.cjs": `exports.up = (knex) => knex.schema.createTable("products", (t) => { t.increments("id"); t.string("name"); });
exports.down = (knex) => knex.schema.dropTable("products");`,
  "20240202_price.mjs": `export const up = (knex) => knex.schema.alterTable("products", (t) => t.integer("price_cents"));
export const down = (knex) => knex.schema.alterTable("products", (t) => t.dropColumn("price_cents"));`,
};
const THIRD = {
  "20240303_stock.mjs": `export const up = (knex) => knex.schema.alterTable("products", (t) => t.integer("stock"));
export const down = () => {};`,
};

for (const kind of kinds) describe(`a database that knex has kept, on ${kind.name}`, () => adoptionOn(kind));

function adoptionOn(kind: DatabaseKind): void {
  let project: TestProject;

  async function setUp(more: Partial<UpgateOptions> = {}, migrations = FLAT): Promise<{ knex: Knex; migrate: Knex.MigratorConfig }> {
    const { address } = await kind.create();
    project = createProject(address, { version: "3.2.0", migrations, more });
    const migrate = { directory: path.join(project.folder, "migrations"), loadExtensions: [".cjs", ".mjs", ".js"] };
    const knex = connectHost(databaseSource(address, project.folder));
    after(() => knex.destroy());
    return { knex, migrate };
  }
  const become = async (wanted: string): Promise<void> =>
    withUpgate(project.options, async (upgate) => {
      await until(`the state ${wanted}`, () => upgate.state().kind === wanted, 5000).catch(() => undefined);
      assert.equal(upgate.state().kind, wanted, upgate.state().reason);
    });
  const upgrade = (options = project.options): Promise<string> =>
    withUpgate(options, async (upgate) => {
      const { error, status } = await (await upgate.upgrader.start({ where: "here" })).finished;
      assert.equal(error, null);
      return status;
    });

  it("is current at the first start when knex has applied everything, and no migration runs", async () => {
    const { knex, migrate } = await setUp();
    await knex.migrate.latest(migrate);
    await become("current");
    assert.deepEqual(await knex("tbl_config").select("setting", "value"), [{ setting: "version", value: "3.2.0" }]);
    assert.deepEqual(await knex("upgate_run"), []);
    assert.deepEqual(await knex("upgate_migration"), [], "knex's own table stays the history until the first run");
  });

  it("stays in knex's hands until the first run: knex migrates on, and upgate sees it without a restart", async () => {
    const { knex, migrate } = await setUp();
    await knex.migrate.latest(migrate);
    await become("current");
    project.write("migrations/20240303_stock.mjs", THIRD["20240303_stock.mjs"]);
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "behind");
      assert.deepEqual(upgate.state().pending, ["20240303_stock"]);
      const [, applied] = await knex.migrate.latest(migrate);
      assert.deepEqual(applied, ["20240303_stock.mjs"]);
      await until("the open gate", () => upgate.state().kind === "current");
    });
  });

  it("is behind by exactly the migrations that knex has not applied; the first run takes knex's history over", async () => {
    const { knex, migrate } = await setUp();
    await knex.migrate.up({ ...migrate, name: "20240101_products.cjs" });
    await withUpgate(project.options, async (upgate) => {
      const { kind: found, pending, installedVersion } = upgate.state();
      assert.deepEqual([found, pending, installedVersion], ["behind", ["20240202_price"], null]);
    });
    assert.equal(await upgrade(), "completed");
    const rows = await knex("upgate_migration").orderBy("name").select("name", "run_id", "sha256", "finished_at");
    assert.deepEqual(
      rows.map((row) => [row.name, row.run_id === "knex", row.sha256.length, row.finished_at.length]),
      [
        ["20240101_products", true, 64, 24],
        ["20240202_price", false, 64, 24],
      ],
    );
    await become("current");
    await knex("knex_migrations").delete();
    await become("current");
  });

  it("is found by the table's own name: of the option, and of knex's configuration", async () => {
    const { knex, migrate } = await setUp({ knexMigrations: "schema_history" });
    await knex.migrate.latest({ ...migrate, tableName: "schema_history" });
    await become("current");
    await knex("tbl_config").delete();
    const config = {
      ...databaseSource(project.options.database as string, project.folder).config,
      migrations: { tableName: "schema_history" },
    };
    const { knexMigrations: _named, configFile: _file, ...options } = project.options;
    await withUpgate({ ...options, database: config }, async (upgate) => {
      await until("the open gate", () => upgate.state().kind === "current");
    });
    const instance = knexFactory(config);
    await knex("tbl_config").delete();
    await withUpgate({ ...options, database: instance }, async (upgate) => {
      await until("the open gate", () => upgate.state().kind === "current");
    });
    await instance.destroy();
  });

  it("is the same after its files have moved into folders of releases", async () => {
    const moved = Object.fromEntries(Object.entries(FLAT).map(([name, text]) => [`3.0.0/${name}`, text]));
    const { knex, migrate } = await setUp({}, moved);
    await knex.migrate.latest({ ...migrate, directory: path.join(project.folder, "migrations", "3.0.0") });
    await become("current");
  });

  it("is unversioned when knex's rows belong to other migrations, and fresh when knex has only made its tables", async () => {
    const { knex, migrate } = await setUp();
    await knex.migrate.currentVersion({ ...migrate, directory: project.folder });
    await knex.migrate.list(migrate);
    await become("fresh");
    await knex("knex_migrations").insert({ name: "of_something_else.js", batch: 1, migration_time: new Date() });
    await knex.schema.createTable("invoices", (t) => t.increments("id"));
    await become("unversioned");
  });

  it("is told by detectVersion, once, before anything else", async () => {
    const { knex, migrate } = await setUp();
    await knex.migrate.up({ ...migrate, name: "20240101_products.cjs" });
    let asked = 0;
    const detectVersion = async (host: Knex): Promise<string | null> => {
      asked++;
      return (await host.schema.hasColumn("products", "price_cents")) ? "3.2.0" : "3.1.0";
    };
    const { configFile: _file, ...options } = { ...project.options, detectVersion };
    await withUpgate(options, async (upgate) => {
      await until("the version row", () => upgate.state().installedVersion === "3.1.0");
      assert.deepEqual([upgate.state().kind, upgate.state().pending, asked], ["behind", ["20240202_price"], 1]);
    });
    assert.equal(await upgrade(options), "completed");
    await become("current");
  });

  it("stays unversioned when detectVersion throws or returns nonsense, and says so once", async () => {
    const { knex } = await setUp();
    await knex.schema.createTable("invoices", (t) => t.increments("id"));
    for (const detectVersion of [() => "newest", () => Promise.reject(new Error("no such column"))]) {
      project.lines.length = 0;
      await withUpgate({ ...project.options, detectVersion }, async (upgate) => {
        assert.equal(upgate.state().kind, "unversioned");
        await knex.schema.renameTable("invoices", "bills");
        await knex.schema.createTable("tbl_config", (t) => void [t.string("setting", 64).primary(), t.string("value")]);
        await knex("tbl_config").insert({ setting: "version", value: "3.2.1" });
        await until("another reading", () => upgate.state().kind === "ahead");
        await knex.schema.dropTable("tbl_config").renameTable("bills", "invoices");
        await until("one more", () => upgate.state().kind === "unversioned");
      });
      const said = project.lines.filter((line) => line.includes("detectVersion could not tell the release"));
      assert.equal(said.length, 1, project.lines.join("\n"));
    }
  });

  it("of a flat folder without a history takes a baseline through the last migration that it has", async () => {
    const { knex } = await setUp();
    await knex.schema.createTable("products", (t) => t.increments("id"));
    await withUpgate(project.options, async ({ upgrader }) => {
      await assert.rejects(upgrader.baseline("3.1.0"), { code: "ERR_UPGATE_STATE", remedy: /--through <migration>/ });
      await assert.rejects(upgrader.baseline("3.1.0", { through: "20230101_gone" }), { code: "ERR_UPGATE_STATE" });
      assert.deepEqual(await upgrader.baseline("3.1.0", { through: "20240101_products.cjs" }), ["20240101_products"]);
    });
    assert.equal(await upgrade(), "completed");
    await become("current");
  });

  it("with a version row of its own has the migrations up to that release, and the upgrade runs the rest", async () => {
    const versionRow = { table: "tblconfiguration", key: "Version" };
    const { knex } = await setUp(
      { versionRow, version: "3.2.0" },
      { "3.1.0/0001-products.cjs": FLAT["20240101_products.cjs"] as string, "3.2.0/0001-price.mjs": FLAT["20240202_price.mjs"] as string },
    );
    await knex.schema.createTable("products", (t) => t.increments("id"));
    await knex.schema.createTable("tblconfiguration", (t) => void [t.increments("id"), t.string("setting"), t.text("value")]);
    await knex("tblconfiguration").insert([
      { setting: "Template", value: "six" },
      { setting: "Version", value: "3.1.0" },
    ]);
    await withUpgate(project.options, async (upgate) => {
      assert.deepEqual([upgate.state().kind, upgate.state().pending], ["behind", ["3.2.0/0001-price"]]);
    });
    assert.equal(await upgrade(), "completed");
    await become("current");
    assert.deepEqual(await knex("tblconfiguration").orderBy("id").pluck("value"), ["six", "3.2.0"]);
    const rows = await knex("upgate_migration").orderBy("name").select("name", "run_id");
    assert.deepEqual(
      rows.map((row) => [row.name, row.run_id === "baseline"]),
      [
        ["3.1.0/0001-products", true],
        ["3.2.0/0001-price", false],
      ],
    );
  });

  it("with a version row, but all migrations in one folder, asks which of them it has", async () => {
    const { knex } = await setUp({ versionRow: { table: "tblconfiguration", key: "Version" } });
    await knex.schema.createTable("tblconfiguration", (t) => void [t.increments("id"), t.string("setting"), t.text("value")]);
    await knex("tblconfiguration").insert({ setting: "Version", value: "3.1.0" });
    await withUpgate(project.options, async ({ upgrader }) => {
      const state = await upgrader.state();
      assert.deepEqual([state.kind, state.installedVersion], ["unversioned", "3.1.0"]);
      assert.match(state.remedy, /upgate baseline 3\.1\.0 --through <migration> \(or --through none\)/);
      assert.deepEqual(await upgrader.baseline("3.1.0", { through: "none" }), []);
      const { kind: found, pending } = await upgrader.state();
      assert.deepEqual([found, pending.length], ["behind", 2]);
    });
    assert.equal(await upgrade(), "completed");
    await become("current");
  });

  it("is upgraded by five migrations of a source of the host's own, too", async () => {
    const { knex } = await setUp();
    const specs = [1, 2, 3, 4, 5].map((number) => `000${number}_table.js`);
    const migrations = {
      getMigrations: async () => specs,
      getMigrationName: (spec: string) => spec,
      getMigration: async (spec: string) => ({
        up: (host: Knex) => host.schema.createTable(`t${spec.slice(0, 4)}`, (t) => void t.increments("id")),
        down: async () => undefined,
      }),
    };
    const { configFile: _file, ...options } = { ...project.options, migrations };
    await knex.migrate.up({ migrationSource: migrations });
    await withUpgate(options, async (upgate) => {
      assert.deepEqual([upgate.state().kind, upgate.state().pending.length], ["behind", 4], upgate.state().reason);
    });
    assert.equal(await upgrade(options), "completed");
    assert.equal(await knex.schema.hasTable("t0005"), true);
  });

  it("is noticed at once when knex takes back a migration, also one that was not the last", async () => {
    const { knex, migrate } = await setUp({}, { ...FLAT, ...THIRD });
    await knex.migrate.latest(migrate);
    await withUpgate(project.options, async (upgate) => {
      await until("the open gate", () => upgate.state().kind === "current");
      await knex.migrate.down({ ...migrate, name: "20240202_price.mjs" });
      await until("the pending migration", () => upgate.state().pending.join() === "20240202_price");
      assert.equal(upgate.state().kind, "behind");
    });
  });

  it("may have its history in a table named with its database, and there may be none yet", async () => {
    const { knex, migrate } = await setUp();
    const schema = kind.name === "SQLite" ? "main" : new URL(project.options.database as string).pathname.slice(1);
    project.options.knexMigrations = `${schema}.knex_migrations`;
    await become("fresh");
    await knex.migrate.latest(migrate);
    await become("current");
  });

  it("does not wait for a detectVersion that never answers: it says so, and closes", async () => {
    const { knex } = await setUp();
    await knex.schema.createTable("invoices", (t) => t.increments("id"));
    const detectVersion = (): Promise<null> => new Promise(() => undefined);
    const upgate = createUpgate({ ...project.options, detectVersion });
    await upgate.ready();
    assert.match(project.lines.join("\n"), /detectVersion could not tell the release: it has not answered within 2 s/);
    assert.equal(upgate.state().kind, "unversioned");
    await upgate.close();
    const hung = createUpgate({ ...project.options, nodeTtlMs: 3_600_000, detectVersion });
    await until("the question", () => hung.state().kind === "unversioned");
    await hung.close();
  });

  it("keeps the version row that somebody writes while detectVersion is asked", async () => {
    const { knex } = await setUp();
    await knex.schema.createTable("products", (t) => t.increments("id"));
    const { configFile: _file, ...options } = project.options;
    const detectVersion = async (): Promise<string> => {
      await withUpgate(options, ({ upgrader }) => upgrader.baseline("3.1.0", { through: "none" }));
      return "3.2.0";
    };
    const context = openContext(resolveSettings({ ...options, detectVersion }));
    assert.equal(await new Upgrader(context).adopt(), false);
    await context.store.close();
    assert.deepEqual(await knex("tbl_config").pluck("value"), ["3.1.0"]);
  });
}
