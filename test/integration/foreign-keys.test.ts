import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const PARENTS = `export const up = async (knex) => {
  await knex.schema.createTable("parents", (t) => { t.increments("id"); t.string("old"); });
  await knex.schema.createTable("children", (t) => { t.increments("id"); t.integer("parent_id").notNullable().references("parents.id").onDelete("CASCADE"); });
  await knex("parents").insert({ id: 1, old: "x" });
  await knex("children").insert([{ parent_id: 1 }, { parent_id: 1 }, { parent_id: 1 }]);
};`;

describe("a migration on SQLite with foreign keys on", () => {
  it("keeps the children when it rebuilds their parents' table", async () => {
    const project = createProject("sqlite:./app.db", {
      migrations: {
        "1.0.0/0001-parents.mjs": PARENTS,
        "1.1.0/0001-drop-old.mjs": `export const up = (knex) => knex.schema.alterTable("parents", (t) => t.dropColumn("old"));`,
      },
    });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) => {
      assert.deepEqual(await upgate.knex.raw("PRAGMA foreign_keys"), [{ foreign_keys: 1 }], "the driver enforces them");
      assert.equal((await (await upgate.upgrader.start()).finished).status, "completed");
      assert.equal(await upgate.knex.schema.hasColumn("parents", "old"), false);
      assert.equal((await upgate.knex("children")).length, 3);
    });
    project.remove();
  });

  it("fails, and rolls back, when it leaves children without parents behind", async () => {
    const project = createProject("sqlite:./app.db", {
      migrations: { "1.0.0/0001-parents.mjs": PARENTS, "1.1.0/0001-orphans.mjs": `export const up = (knex) => knex("parents").delete();` },
    });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) => {
      const { status, error } = await (await upgate.upgrader.start()).finished;
      assert.equal(status, "failed");
      assert.match(error?.message ?? "", /foreign keys/);
      assert.equal((await upgate.knex("parents")).length, 1);
    });
    project.remove();
  });
});
