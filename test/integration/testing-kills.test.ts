import assert from "node:assert/strict";
import path from "node:path";
import { after, describe, it } from "node:test";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { testFailure as failure, withTestedProject } from "../support/upgrade-trials.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`testUpgrade with killAt "every-statement" on ${kind.name}`, () => killsOn(kind));

const BASE = `export async function up(knex) {
  await knex.schema.createTable("products", (t) => { t.increments("id"); t.string("name", 40); t.integer("twin"); });
  await knex("products").insert([{ name: "Ink" }, { name: "Paper" }]);
}`;

/** Rows of two tables that belong together, and a value by chance on both sides of a change of the schema: all as it should be. */
const GOOD = `import { randomUUID } from "node:crypto";
export async function up(knex, ctx) {
  await knex.schema.createTable("makers", (t) => { t.increments("id"); t.string("name"); t.string("token", 36); });
  await knex.schema.alterTable("products", (t) => t.integer("maker_id").unsigned().references("makers.id"));
  const token = await ctx.step("token", () => randomUUID());
  for (const { id, name } of await knex("products").orderBy("id")) {
    const [maker] = await knex("makers").insert({ name: "Maker of " + name, token });
    await knex("products").where({ id }).update({ maker_id: maker });
  }
  await knex.schema.alterTable("makers", (t) => t.index("name"));
  await knex("makers").where({ token }).update({ name: knex.raw("upper(name)") });
}`;

const BY_CHANCE = `import { randomUUID } from "node:crypto";
export async function up(knex) {
  const name = randomUUID();
  await knex("products").insert({ name });
  await knex.schema.alterTable("products", (t) => t.integer("price"));
  await knex("products").where({ name }).update({ price: 1 });
}`;

const PROCEDURE = "CREATE PROCEDURE count_twins() UPDATE products SET twin = COALESCE(twin, 0) + 1";
const CALLING = `export const up = (knex) => knex.raw("CALL count_twins()");`;
const VERIFYING = `${CALLING}
export const verify = async (knex) => (await knex("products").whereNull("twin")).length === 0;`;

function killsOn(kind: DatabaseKind): void {
  const withMigration = (text: string, use: Parameters<typeof withTestedProject>[2]): Promise<void> =>
    withTestedProject(kind, { migrations: { "1.0.0/0001-products.mjs": BASE, "1.1.0/0001-more.mjs": text } }, use);
  const options = { from: ["1.0.0"], killAt: "every-statement" } as const;

  it("passes a migration that may die anywhere, and names where it was killed", () =>
    withMigration(GOOD, async (_project, test) => {
      const { releases } = await test({ ...options, kills: 4, ignoreContents: ["makers.token"] });
      assert.deepEqual(releases[0]?.differences, []);
      const kills = releases[0]?.kills ?? [];
      assert.equal(kills.length, 4);
      assert.ok(kills.every(({ resumed }) => resumed));
      const places = kills.map(({ place }) => place);
      assert.ok(places.some((place) => place.kind === "statement" && place.migration === "1.1.0/0001-more" && place.statement !== ""));
      assert.ok(kills.every(({ at }) => /^(?:in 1\.1\.0\/0001-more|after a migration), (?:(?!upgate:).)+$/.test(at)));
      assert.match(String(kills.at(-1)?.at), /after a commit$/, "the last moment is among them");
    }));

  // SQLite takes them back together with the rows.
  if (kind.name !== "SQLite")
    it("counts generated ids by their order, and sees copies of them that no foreign key names", () =>
      withMigration(
        `export async function up(knex) {
  const [id] = await knex("products").insert({ name: "Pen" });
  await knex("products").where({ id }).update(process.env.UPGATE_TEST_TWIN ? { twin: id } : { name: "Pencil" });
}`,
        async (_project, test) => {
          await test({ ...options, kills: 3 });
          process.env["UPGATE_TEST_TWIN"] = "1";
          try {
            await assert.rejects(
              test({ ...options, kills: 3 }),
              failure(/killed in 1\.1\.0\/0001-more, answered.*: table products: the values of twin after/),
            );
            await test({ ...options, kills: 3, ignoreContents: ["products.twin"] });
          } finally {
            delete process.env["UPGATE_TEST_TWIN"];
          }
        },
      ));

  it("finds a value by chance on both sides of a change of the schema, and says what to do", () =>
    withMigration(BY_CHANCE, async (_project, test) => {
      const testing = test({ ...options, kills: 2, ignoreContents: ["products.name"] });
      // There nothing of an unfinished migration lasts.
      if (kind.name === "SQLite") assert.equal((await testing).releases[0]?.kills.length, 2);
      else
        await assert.rejects(
          testing,
          failure(
            /killed in 1\.1\.0\/0001-more, .*: the resumed run ended as failed: .*would carry other values.*Take values .* from ctx\.step/,
          ),
        );
    }));

  if (kind.name !== "SQLite")
    it("finds a statement that would be in doubt, and passes it with the migration's own verify", () =>
      withMigration(CALLING, async (project, test) => {
        project.write("migrations/1.0.0/0002-procedure.mjs", `export const up = (knex) => knex.raw(${JSON.stringify(PROCEDURE)});`);
        await assert.rejects(
          test({ ...options, kills: 3 }),
          failure(
            /killed in 1\.1\.0\/0001-more, journaled, not sent \(CALL count_twins\(\)\): .*can't be told.*export verify\(knex, inDoubt\)/,
          ),
        );
        project.write("migrations/1.1.0/0001-more.mjs", VERIFYING);
        const { releases } = await test({ ...options, kills: 3 });
        assert.equal(releases[0]?.kills.filter(({ resumed }) => resumed).length, 3);
      }));

  it("leaves out a moment that an upgrade does not come to", () =>
    withTestedProject(kind, {}, async (project, test) => {
      const log = path.join(project.folder, "runs.log");
      project.write(
        "migrations/1.1.0/0003-busy.mjs",
        `import { appendFileSync, readFileSync } from "node:fs";
export async function up(knex) {
  appendFileSync(${JSON.stringify(log)}, "x");
  const isCounting = readFileSync(${JSON.stringify(log)}, "utf8").length === 3;
  for (let i = 0; isCounting && i < 20; i++) await knex.raw("select 1");
}`,
      );
      const { releases } = await test({ ...options, kills: 1 });
      assert.deepEqual([releases[0]?.kills, releases[0]?.differences], [[], []]);
    }));
}
