import assert from "node:assert/strict";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, type TestProject } from "../support/project.js";
import { withUpgate } from "../support/upgates.js";

const kinds = (await databaseKinds()).filter(({ name }) => name !== "SQLite");
after(async () => {
  for (const kind of kinds) await kind.stop();
});

/** Throws while the flag is missing, as a cause does that an operator removes. */
const UNTIL = (flag: string): string =>
  `if (!(await import("node:fs")).existsSync(${JSON.stringify(flag)})) throw new Error("the cause is still there");`;

const FILE = "1.1.0/0001-a.mjs";

for (const kind of kinds) describe(`a failed migration is tried again on ${kind.name}`, () => retriesOn(kind));

function retriesOn(kind: DatabaseKind): void {
  interface Scene {
    readonly project: TestProject;
    readonly flag: string;
    /** Inside this process, with the release that is given. */
    readonly here: UpgateOptions;
    readonly knexOf: Upgate["knex"];
  }

  /** Lets the migration fail once, then hands over. `body` may name FLAG. */
  const failedOnce = async (body: (flag: string) => string, use: (scene: Scene, upgate: Upgate) => Promise<void>): Promise<void> => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: {} });
    const flag = path.join(project.folder, "removed");
    project.write(`migrations/${FILE}`, `export const up = async (knex, ctx) => { ${body(flag)} };`);
    const { configFile: _none, ...here } = project.options;
    await withUpgate(here, async (upgate) => {
      const { status, error } = await (await upgate.upgrader.start({ where: "here" })).finished;
      assert.equal(status, "failed");
      assert.match(error?.message ?? "", /the cause is still there/);
      await use({ project, flag, here, knexOf: upgate.knex }, upgate);
    });
    project.remove();
  };
  const retry = async (upgate: Upgate): ReturnType<Upgate["upgrader"]["execute"]> =>
    (await upgate.upgrader.retry({ where: "here" })).finished;

  it("goes on after what was done, and does none of it twice", async () => {
    const body = (flag: string): string => `
      await knex.schema.createTable("t", (t) => { t.increments("id"); t.integer("n"); });
      await knex("t").insert([{ n: 1 }, { n: 2 }]);
      await knex("t").increment("n", 10);
      await knex.schema.alterTable("t", (t) => t.integer("m"));
      ${UNTIL(flag)}
      await knex("t").update({ m: 7 });`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.deepEqual(
        (await knexOf("t").orderBy("id")).map(({ n, m }) => [n, m]),
        [
          [11, 7],
          [12, 7],
        ],
      );
      const sent = await knexOf("upgate_journal").where({ kind: "definition" }).pluck("statement");
      assert.equal(sent.filter((sql) => /create table/.test(sql)).length, 1);
    });
  });

  it("rolls back what no change of the structure has committed, and does it again", async () => {
    const body = (flag: string): string => `
      if (!(await knex.schema.hasTable("t"))) await knex.schema.createTable("t", (t) => t.integer("n"));
      await knex("t").insert({ n: 1 });
      ${UNTIL(flag)}`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      assert.deepEqual(await knexOf("t").pluck("n"), []);
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).status, "completed");
      assert.deepEqual(await knexOf("t").pluck("n"), [1]);
    });
  });

  it("stops where a value made by chance would differ, having changed nothing", async () => {
    const body = (flag: string): string => `
      const id = (await import("node:crypto")).randomUUID();
      await knex.schema.createTable("a", (t) => t.string("id"));
      await knex("a").insert({ id });
      await knex.schema.createTable("b", (t) => t.string("id"));
      ${UNTIL(flag)}
      await knex("b").insert({ id });`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      const { status, error } = await retry(upgate);
      assert.equal(status, "failed");
      assert.equal(error?.code, "ERR_UPGATE_DIVERGED");
      assert.match(error?.message ?? "", /1\.1\.0\/0001-a.*other values.*insert into `a`/);
      assert.match(error?.remedy ?? "", /backup.*ctx\.step/);
      assert.deepEqual(await knexOf("b").pluck("id"), []);
    });
  });

  it("keeps such a value where a step has made it, and the present time needs none", async () => {
    const body = (flag: string): string => `
      const id = await ctx.step("id", async () => (await import("node:crypto")).randomUUID());
      await knex.schema.createTable("a", (t) => { t.string("id"); t.datetime("at"); t.bigInteger("ms"); });
      await knex("a").insert({ id, at: new Date(), ms: Date.now() });
      await knex.schema.createTable("b", (t) => t.string("id"));
      ${UNTIL(flag)}
      await knex("b").insert({ id });`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.deepEqual(await knexOf("b").pluck("id"), await knexOf("a").pluck("id"));
    });
  });

  it("takes a corrected file whose beginning is as it was, and says that it was changed", async () => {
    const before = (rest: string): string => `
      await knex.schema.createTable("t", (t) => t.integer("n"));
      await knex.schema.alterTable("t", (t) => t.integer("m"));
      ${rest}`;
    await failedOnce(
      (flag) => before(UNTIL(flag)),
      async ({ project, knexOf }, upgate) => {
        project.write(`migrations/${FILE}`, `export const up = async (knex) => { ${before('await knex("t").insert({ n: 1, m: 2 });')} };`);
        assert.equal((await retry(upgate)).error, null);
        assert.deepEqual(await knexOf("t").select("n", "m"), [{ n: 1, m: 2 }]);
        assert.ok(project.lines.some((line) => /0001-a was changed since it was begun/.test(line)));
      },
    );
  });

  it("refuses a corrected file that leaves the path, with both statements", async () => {
    const body = (flag: string): string => `
      await knex.schema.createTable("t", (t) => t.integer("n"));
      await knex.schema.createTable("second", (t) => t.integer("n"));
      ${UNTIL(flag)}`;
    await failedOnce(body, async ({ project, knexOf }, upgate) => {
      project.write(
        `migrations/${FILE}`,
        `export const up = async (knex) => { await knex.schema.createTable("t", (t) => t.integer("n")); await knex.schema.createTable("other", (t) => t.integer("n")); };`,
      );
      const { error } = await retry(upgate);
      assert.equal(error?.code, "ERR_UPGATE_DIVERGED");
      assert.match(error?.message ?? "", /create table `second`.*it sent: create table `other`/);
      assert.equal(await knexOf.schema.hasTable("other"), false);
    });
  });

  it("refuses a migration that ends before what was done", async () => {
    const body = (flag: string): string =>
      `await knex.schema.createTable("t", (t) => t.integer("n")); await knex.schema.createTable("u", (t) => t.integer("n")); ${UNTIL(flag)}`;
    await failedOnce(body, async ({ project }, upgate) => {
      project.write(`migrations/${FILE}`, "export const up = async () => undefined;");
      const { error } = await retry(upgate);
      assert.equal(error?.code, "ERR_UPGATE_DIVERGED");
      assert.match(error?.message ?? "", /it ended without it/);
    });
  });

  it("is finished by a later release, which goes on where the failed one stopped", async () => {
    const body = (flag: string): string => `
      await knex.schema.createTable("t", (t) => t.integer("n"));
      await knex("t").insert({ n: 1 });
      await knex.schema.alterTable("t", (t) => t.integer("m"));
      ${UNTIL(flag)}`;
    await failedOnce(body, async ({ project, flag, here, knexOf }) => {
      project.write(path.basename(flag), "");
      project.write("migrations/1.2.0/0001-b.mjs", `export const up = (knex) => knex("t").increment("n", 1);`);
      await withUpgate({ ...here, version: "1.2.0" }, async (later) => {
        const { status, error } = await retry(later);
        assert.deepEqual([status, error], ["completed", null]);
      });
      assert.deepEqual(await knexOf("t").pluck("n"), [2]);
      assert.deepEqual(await knexOf("upgate_run").orderBy("started_at").pluck("status"), ["superseded", "completed"]);
      assert.ok(project.lines.some((line) => /superseded/.test(line)));
    });
  });

  it("is not passed over by a release that lacks it", async () => {
    const body = (flag: string): string =>
      `await knex.schema.createTable("t", (t) => t.integer("n")); await knex.schema.createTable("u", (t) => t.integer("n")); ${UNTIL(flag)}`;
    await failedOnce(body, async ({ project, here }) => {
      const migrations = path.join(project.folder, "others");
      project.write("others/1.2.0/0001-b.mjs", "export const up = async () => undefined;");
      await withUpgate({ ...here, migrations, version: "1.2.0" }, async (later) => {
        const { status, error } = await retry(later);
        assert.equal(status, "failed");
        assert.match(error?.message ?? "", /1\.1\.0\/0001-a was carried out in part, and release 1\.2\.0 does not have it/);
        assert.match(error?.remedy ?? "", /restore the backup/);
      });
    });
  });

  it("gives statements that are sent at once their own answers again", async () => {
    const body = (flag: string): string => `
      await knex.schema.createTable("t", (t) => { t.increments("id"); t.string("name"); });
      const ids = await Promise.all(["a", "b", "c"].map((name) => knex("t").insert({ name }).then(([id]) => [name, id])));
      await knex.schema.createTable("names", (t) => { t.integer("t_id"); t.string("name"); });
      ${UNTIL(flag)}
      for (const [name, t_id] of ids.reverse()) await knex("names").insert({ name, t_id });`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      const joined = await knexOf("t").join("names", { "t.id": "t_id" }).whereRaw("t.name = names.name");
      assert.equal(joined.length, 3);
    });
  });

  it("keeps what a migration has read until it has ended, and no longer", async () => {
    const body = (flag: string): string => `
      await knex.schema.createTable("t", (t) => { t.increments("id"); t.string("text", 200); t.integer("n"); });
      await knex("t").insert(Array.from({ length: 600 }, (_, i) => ({ text: "a row with a name " + i, n: i })));
      await knex.schema.alterTable("t", (t) => t.integer("m"));
      const rows = await knex("t").select();
      for (const { id, n } of rows.slice(0, 3)) await knex("t").where({ id }).update({ n: n + 1 });
      await knex.schema.alterTable("t", (t) => t.dropColumn("m"));
      ${UNTIL(flag)}
      await knex("t").where({ n: rows[0].n + 1 }).update({ text: "seen" });`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.equal((await knexOf("t").where({ text: "seen" })).length, 1);
      assert.deepEqual(await knexOf("upgate_journal").where({ kind: "read" }).whereNotNull("answer"), []);
    });
  });

  it("reads tables too large to be kept again, and stops where they have changed", async () => {
    const body =
      (columns: string) =>
      (flag: string): string =>
        `
      const { createHash } = await import("node:crypto");
      await knex.schema.createTable("t", (t) => { t.increments("id"); t.string("text", 200); });
      await knex("t").insert(Array.from({ length: 8000 }, (_, i) => ({ text: createHash("sha512").update(i + "a").digest("base64url") + createHash("sha512").update(i + "b").digest("base64url") })));
      await knex.schema.alterTable("t", (t) => t.integer("n"));
      const rows = await knex("t").select(${columns});
      await knex("t").update({ n: 1 });
      await knex.schema.createTable("sum", (t) => t.integer("n"));
      ${UNTIL(flag)}
      await knex("sum").insert({ n: rows.length });`;
    await failedOnce(body('"id", "text"'), async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.deepEqual(await knexOf("sum").pluck("n"), [8000]);
    });
    await failedOnce(body('"id", "text", "n"'), async ({ project, flag }, upgate) => {
      project.write(path.basename(flag), "");
      const { error } = await retry(upgate);
      assert.equal(error?.code, "ERR_UPGATE_DIVERGED");
      assert.match(error?.message ?? "", /other rows than on the first: select `id`, `text`, `n` from `t`/);
    });
  });

  it("sends what acts on the connection again", async () => {
    const body = (flag: string): string => `
      await knex.raw("SET @from_before = 41");
      await knex.schema.createTable("t", (t) => t.integer("n"));
      await knex.schema.createTable("u", (t) => t.integer("n"));
      ${UNTIL(flag)}
      await knex.raw("INSERT INTO t VALUES (@from_before + 1)");`;
    await failedOnce(body, async ({ project, flag, knexOf }, upgate) => {
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.deepEqual(await knexOf("t").pluck("n"), [42]);
    });
  });

  it("sends statements without a transaction of upgate's once each", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: {} });
    const flag = path.join(project.folder, "removed");
    project.write(
      `migrations/${FILE}`,
      `export const config = { transaction: false };
      export const up = async (knex) => {
        await knex.schema.createTable("t", (t) => t.integer("n"));
        await knex("t").insert({ n: 1 });
        await knex.transaction(async (trx) => { await trx("t").insert({ n: 2 }); await trx("t").insert({ n: 3 }); });
        await knex.transaction(async (trx) => { await trx("t").insert({ n: 4 }); throw new Error("no"); }).catch(() => undefined);
        ${UNTIL(flag)}
        await knex("t").insert({ n: 5 });
      };`,
    );
    const { configFile: _none, ...here } = project.options;
    await withUpgate(here, async (upgate) => {
      assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "failed");
      assert.deepEqual(await upgate.knex("t").orderBy("n").pluck("n"), [1, 2, 3], "each had committed by itself");
      project.write(path.basename(flag), "");
      assert.equal((await retry(upgate)).error, null);
      assert.deepEqual(await upgate.knex("t").orderBy("n").pluck("n"), [1, 2, 3, 5]);
    });
    project.remove();
  });
}
