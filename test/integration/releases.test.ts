import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { UpgateOptions, VersionState } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a release and its manifest on ${kind.name}`, () => releasesOn(kind));

function releasesOn(kind: DatabaseKind): void {
  async function setUp(
    manifest: object | null,
    { migrations = SHOP_MIGRATIONS, more = {} }: { migrations?: Readonly<Record<string, string>>; more?: Partial<UpgateOptions> } = {},
  ): Promise<TestProject> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations, more });
    if (manifest === null) return project;
    const release = project.write("release.json", JSON.stringify(manifest));
    const options = { ...project.options, release };
    project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...options, logger: undefined })};`);
    return { ...project, options };
  }
  const plain = ({ options }: TestProject): UpgateOptions => {
    const { release: _manifest, configFile: _file, ...rest } = options;
    return rest;
  };
  const stateOf = (options: UpgateOptions): Promise<VersionState> => withUpgate(options, async (upgate) => upgate.state());

  it("an incomplete upload blocks the start and names the files; complete, it goes on without a restart", async () => {
    const project = await setUp({
      version: "1.1.0",
      migrations: ["1.0.0/0001-products", "1.1.0/0001-product-price", "1.1.0/0002-fill-prices"],
    });
    await install(plain(project), "1.0.0");
    rmSync(path.join(project.folder, "migrations/1.1.0/0002-fill-prices.mjs"));
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "unsupported");
      assert.match(upgate.state().reason, /upload is incomplete, these files are missing: 1\.1\.0\/0002-fill-prices/);
      await assert.rejects(upgate.upgrader.start(), { code: "ERR_UPGATE_STATE", message: /0002-fill-prices/ });
      project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
      await until("the file to be seen", () => upgate.state().kind === "behind");
      assert.equal((await (await upgate.upgrader.start()).finished).status, "completed");
    });
    project.remove();
  });

  it("a retried run does not write the version while a migration of its release is missing", async () => {
    const names = ["1.0.0/0001-products", "1.1.0/0001-product-price", "1.1.0/0002-fill-prices"];
    const project = await setUp({ version: "1.1.0", migrations: names });
    await install(plain(project), "1.0.0");
    const file = "migrations/1.1.0/0001-product-price.mjs";
    project.write(file, `export const up = () => { throw new Error("not yet"); };`);
    await withUpgate(project.options, async ({ upgrader, knex, state }) => {
      const backup = { kind: "own", address: "test" } as const;
      assert.equal((await (await upgrader.start({ where: "here", backup })).finished).status, "failed");
      rmSync(path.join(project.folder, file));
      const { status, error } = await (await upgrader.retry({ where: "here" })).finished;
      assert.deepEqual([status, error?.code], ["failed", "ERR_UPGATE_RELEASE_CHANGED"]);
      assert.match(
        `${error?.message} ${error?.remedy}`,
        /missing: 1\.1\.0\/0001-product-price\. Upload all files of release 1\.1\.0 again/,
      );
      assert.deepEqual(await knex("tbl_config").pluck("value"), ["1.0.0"]);
      project.write(file, SHOP_MIGRATIONS["1.1.0/0001-product-price.mjs"]);
      assert.equal((await (await upgrader.retry({ where: "here" })).finished).status, "completed");
      await until("the open gate", () => state().kind === "current");
    });
    project.remove();
  });

  it("a patch set on another version says which release to upload", async () => {
    const project = await setUp({ version: "1.1.0", kind: "patch", appliesTo: ">=1.0.5 <1.1.0" });
    await install(plain(project), "1.0.0");
    const { kind: found, reason, remedy } = await stateOf(project.options);
    assert.equal(found, "unsupported");
    assert.match(`${reason} ${remedy}`, /fits release >=1\.0\.5 <1\.1\.0, but 1\.0\.0 is installed\. Upload the full release 1\.1\.0/);
    project.remove();
  });

  it("newer files on disk: the open site says so on its badge, and the old process is told to restart once they are installed", async () => {
    const project = await setUp({ version: "1.1.0" });
    await install(plain(project), "1.1.0");
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "current");
      project.write("release.json", JSON.stringify({ version: "1.2.0" }));
      await until("the newer files", () => upgate.state().filesVersion === "1.2.0");
      assert.equal((await upgate.badge()).label, "Restart to begin the upgrade to 1.2.0");
      await install(plain(project), "1.2.0");
      await until("the state restart", () => upgate.state().kind === "restart");
      assert.match(upgate.state().remedy, /Restart the application/);
    });
    project.remove();
  });

  it("old migrations may be dropped: older databases are told the way, the rest miss nothing, new ones get the base", async () => {
    const pruned = {
      "0.9.0/0001-base.mjs": SHOP_MIGRATIONS["1.0.0/0001-products.mjs"],
      "1.1.0/0001-product-price.mjs": SHOP_MIGRATIONS["1.1.0/0001-product-price.mjs"],
    };
    const project = await setUp({ version: "1.1.0", prunedBefore: "1.0.0" }, { migrations: pruned });
    const old = createProject(project.options.database as string, { migrations: SHOP_MIGRATIONS });
    await install(old.options, "1.0.0");
    const { kind: found, pending } = await stateOf(project.options);
    assert.deepEqual([found, pending], ["behind", ["1.1.0/0001-product-price"]]);
    await withUpgate(project.options, async ({ upgrader, knex }) => {
      await knex("tbl_config").update({ value: "0.9.9" });
      const state = await upgrader.state();
      assert.equal(state.kind, "unsupported");
      assert.match(state.remedy, /Upload release 1\.0\.0 and upgrade to it first/);
      await knex("tbl_config").update({ value: "1.0.0" });
      assert.equal((await (await upgrader.start()).finished).status, "completed");
      assert.equal(await knex.schema.hasColumn("products", "price_cents"), true);
    });
    const { address } = await kind.create();
    await install({ ...plain(project), release: path.join(project.folder, "release.json"), database: address }, "1.1.0");
    await withUpgate({ ...plain(project), database: address }, async ({ knex }) => {
      assert.deepEqual(await knex("upgate_migration").orderBy("name").pluck("name"), ["0.9.0/0001-base", "1.1.0/0001-product-price"]);
    });
    for (const one of [project, old]) one.remove();
  });

  it("migrations may be ES modules, CommonJS, and TypeScript where the process has a loader, also in its own process", async (t) => {
    const project = await setUp(null, {
      migrations: {
        "1.0.0/0001-esm.mjs": `export const up = (knex) => knex.schema.createTable("esm", (t) => t.increments("id"));`,
        "1.0.0/0002-commonjs.cjs": `exports.up = (knex) => knex.schema.createTable("commonjs", (t) => t.increments("id"));`,
        "1.0.0/0003-compiled.cjs": `Object.defineProperty(exports, "__esModule", { value: true });
exports.default = { up: (knex) => knex.schema.createTable("compiled", (t) => t.increments("id")) };`,
        "1.1.0/0001-typed.ts": `import type { Knex } from "knex";
export async function up(knex: Knex): Promise<void> { await knex.schema.createTable("typed", (t) => void t.increments("id")); }`,
        "1.1.0/0002-typed-module.mts": `interface Row { id: number }
export const up = (knex: { schema: { createTable(name: string, make: (t: { increments(name: string): Row }) => Row): unknown } }) =>
  knex.schema.createTable("typed_module", (t) => t.increments("id"));`,
        "1.1.0/types.d.ts": "export interface NotAMigration { id: number }",
      },
    });
    const { execArgv } = process;
    process.execArgv = [...execArgv, "--import", "tsx"];
    t.after(() => (process.execArgv = execArgv));
    await withUpgate(project.options, async ({ upgrader, knex }) => {
      const run = await upgrader.start();
      assert.deepEqual(await run.finished, { id: run.id, status: "completed", error: null });
      for (const table of ["esm", "commonjs", "compiled", "typed", "typed_module"]) assert.ok(await knex.schema.hasTable(table), table);
    });
    project.remove();
  });

  it("migrations that can't be listed are told as such, with a remedy that is not the database's", async () => {
    const project = await setUp(null);
    const migrations = {
      getMigrations: () => Promise.reject(new Error("the bundle is empty")),
      getMigrationName: String,
      getMigration: () => Promise.reject(new Error("never asked")),
    };
    await withUpgate({ ...plain(project), migrations }, async ({ state, upgrader }) => {
      for (const { kind: found, reason, remedy } of [state(), await upgrader.state()]) {
        assert.equal(found, "unknown");
        assert.match(`${reason} ${remedy}`, /migrations can't be listed: the bundle is empty .*upload a corrected release/);
      }
      await assert.rejects(upgrader.start(), { code: "ERR_UPGATE_MIGRATION_INVALID" });
    });
    project.remove();
  });
}
