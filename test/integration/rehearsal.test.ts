import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Rehearsal } from "../../src/core/rehearsal.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { wholeDatabase } from "../support/whole-database.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a rehearsal on ${kind.name}`, () => rehearsalOn(kind));

interface Answer {
  readonly rehearsal: Rehearsal;
  readonly closingSeconds: number;
}

const NOTING = `import { writeFileSync } from "node:fs";
export const up = async (knex, ctx) => {
  writeFileSync(new URL("../../rehearsed-" + ctx.rehearsal, import.meta.url), "");
  await knex("products").insert({ name: "Glue" });
};`;

function rehearsalOn(kind: DatabaseKind): void {
  const isMysql = kind.name !== "SQLite";

  async function scene(
    migrations: Readonly<Record<string, string>>,
    play: (project: TestProject, address: string) => Promise<void>,
  ): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations });
    try {
      await install(project.options, "1.0.0");
      await play(project, address);
    } finally {
      project.remove();
    }
  }

  it("tries a staged release on a copy, while the old one serves", () =>
    scene({ "1.0.0/0001-products.mjs": SHOP_MIGRATIONS["1.0.0/0001-products.mjs"] }, async (old, address) => {
      old.write("upgate.config.mjs", `export default ${JSON.stringify({ ...plain(old), version: "1.0.0" })};\n`);
      const staged = createProject(address, { migrations: { ...SHOP_MIGRATIONS, "1.1.0/0003-note.mjs": NOTING } });
      const site = await startSite(old);
      try {
        await until("the old release to serve", async () => (await site.visit()).status === 200);
        const before = await withUpgate({ ...old.options, version: "1.0.0" }, ({ knex }) => wholeDatabase(knex));
        const { code, json, stderr } = await runCliJson<Answer>(["rehearse", "--files", staged.folder], { cwd: old.folder });
        assert.equal(code, 0, stderr);
        const { rehearsal, closingSeconds } = json;
        assert.deepEqual([rehearsal.status, rehearsal.fromVersion, rehearsal.toVersion], ["passed", "1.0.0", "1.1.0"]);
        assert.ok(closingSeconds >= 1);
        const [alter, fill, note] = rehearsal.migrations;
        assert.match(alter?.statements[0]?.sql ?? "", /alter table [`"]?products/i);
        assert.deepEqual([alter?.tables, fill?.tables, note?.tables], [["products"], ["products"], ["products"]]);
        assert.equal(alter?.statements[0]?.algorithm, isMysql ? "INSTANT" : null);
        assert.ok(rehearsal.migrations.every(({ ms }) => ms !== null));
        assert.ok(readdirSync(staged.folder).includes("rehearsed-true"), "ctx.rehearsal is true");
        assert.deepEqual(await withUpgate({ ...old.options, version: "1.0.0" }, ({ knex }) => wholeDatabase(knex)), before);
        assert.equal((await site.visit()).status, 200, "the old release serves all the time");
        assert.deepEqual(scratchFiles(old), []);
      } finally {
        await site.stop();
        staged.remove();
      }
    }));

  it("finds the migration that fails, and leaves the database as it was", () =>
    scene(
      { ...SHOP_MIGRATIONS, "1.1.0/0003-break.mjs": `export const up = (knex) => knex.raw("alter table products drop column nope");` },
      async ({ folder, options }) => {
        const before = await withUpgate(options, ({ knex }) => wholeDatabase(knex));
        const { code, json } = await runCliJson<Answer>(["rehearse"], { cwd: folder });
        assert.equal(code, 3);
        assert.equal(json.rehearsal.status, "failed");
        assert.equal(json.rehearsal.error?.migration, "1.1.0/0003-break");
        assert.equal(json.rehearsal.failedStatement, "alter table products drop column nope");
        assert.deepEqual(
          json.rehearsal.migrations.map(({ ms }) => ms !== null),
          [true, true, false],
        );
        await withUpgate(options, async (upgate) => {
          assert.deepEqual(await wholeDatabase(upgate.knex), before);
          assert.equal(upgate.state().kind, "behind");
        });
      },
    ));

  if (isMysql)
    it("refuses what names the real database, which the copy would not be changed by", () =>
      scene(SHOP_MIGRATIONS, async ({ folder, options, write }) => {
        const database = new URL(options.database as string).pathname.slice(1);
        write(
          "migrations/1.1.0/0003-by-name.mjs",
          `export const up = (knex) => knex.raw("update \`${database}\`.products set name = 'x'");`,
        );
        const before = await withUpgate(options, ({ knex }) => wholeDatabase(knex));
        const { code, json } = await runCliJson<Answer>(["rehearse"], { cwd: folder });
        assert.equal(code, 3);
        assert.match(json.rehearsal.error?.message ?? "", /names the database .* itself.*can't be rehearsed/);
        assert.deepEqual(await withUpgate(options, ({ knex }) => wholeDatabase(knex)), before);
      }));

  it("foretells the time of the run that follows", () =>
    scene(SHOP_MIGRATIONS, async ({ folder, options }) => {
      for (const args of [["rehearse"], ["up", "--yes"]]) {
        const { code, stderr } = await runCli(args, { cwd: folder });
        assert.equal(code, 0, stderr);
      }
      await withUpgate(options, async ({ knex }) => {
        const [run] = await knex("upgate_run").where({ kind: "upgrade" });
        const plan = JSON.parse(run.plan) as { rehearsedMs?: number }[];
        assert.ok(plan.length === 2 && plan.every(({ rehearsedMs }) => rehearsedMs !== undefined));
        const [kept] = await knex("upgate_fact").where({ name: `rehearsal:${run.id}` });
        assert.equal((JSON.parse(kept.value) as Rehearsal).toVersion, "1.1.0");
      });
    }));

  it("names the folder that is no release, and a release that has nothing to upgrade", () =>
    scene({ "1.0.0/0001-products.mjs": SHOP_MIGRATIONS["1.0.0/0001-products.mjs"] }, async (project) => {
      project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...plain(project), version: "1.0.0" })};\n`);
      const none = await runCli(["rehearse", "--files", path.join(project.folder, "migrations")], { cwd: project.folder });
      assert.match(none.stderr, /ERR_UPGATE_CONFIG_FILE/);
      const nothing = await runCli(["rehearse"], { cwd: project.folder });
      assert.equal(nothing.code, 1);
      assert.match(nothing.stderr, /ERR_UPGATE_STATE/);
      assert.deepEqual(scratchFiles(project), []);
    }));
}

function plain({ options }: TestProject): object {
  const { logger: _logger, configFile: _file, ...rest } = options;
  return rest;
}

function scratchFiles({ folder }: TestProject): string[] {
  try {
    return readdirSync(path.join(folder, "data/scratch"));
  } catch {
    return [];
  }
}
