import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import { createUpgate, type UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";
import { startSite } from "../support/site.js";
import { withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds.filter(({ name }) => name !== "SQLite")) describe(`two accounts on ${kind.name}`, () => accountsOn(kind));

/** A database, an account that changes rows only, and one that may change the schema. */
async function accounts(kind: DatabaseKind): Promise<{ app: string; admin: string }> {
  const { address } = await kind.create();
  const url = new URL(address);
  const database = url.pathname.slice(1);
  const root = await mysql.createConnection(address);
  const account = async (role: string, rights: string): Promise<string> => {
    const user = `${role}_${database.slice(-12)}`;
    await root.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
    await root.query(`GRANT ${rights} ON ${database}.* TO '${user}'@'%'`);
    return `mysql://${user}:secret@${url.host}/${database}`;
  };
  try {
    return { app: await account("app", "SELECT, INSERT, UPDATE, DELETE"), admin: await account("adm", "ALL") };
  } finally {
    await root.end();
  }
}

function accountsOn(kind: DatabaseKind): void {
  it("the application's may not change the schema, and everything works: tables, installation, upgrade", async () => {
    const { app, admin } = await accounts(kind);
    const project = createProject(app, { migrations: SHOP_MIGRATIONS, more: { database: { app, admin } } as Partial<UpgateOptions> });
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "fresh", upgate.state().reason);
      await assert.rejects(async () => upgate.knex.schema.createTable("sneaky", (t) => t.increments("id")), {
        code: "ER_TABLEACCESS_DENIED_ERROR",
      });
      const run = await upgate.upgrader.start();
      assert.deepEqual(await run.finished, { id: run.id, status: "completed", error: null }, "in a process of its own");
      await until("the open gate", () => upgate.state().kind === "current");
      const { user }: { user: string } = await upgate.knex("upgate_run").first(upgate.knex.raw("current_user() as user"));
      assert.match(user, /^app_/);
    });
    const site = await startSite(project);
    await until("the open gate", async () => (await site.visit()).text === "open");
    await site.stop();
    project.remove();
  });

  it("one account that may not create tables is a closed gate that says what is denied", async () => {
    const { app } = await accounts(kind);
    const project = createProject(app, { migrations: SHOP_MIGRATIONS });
    await withUpgate(project.options, async (upgate) => {
      assert.equal(upgate.state().kind, "unknown");
      assert.match(upgate.state().reason, /CREATE command denied/);
    });
    project.remove();
  });

  it("accounts of two databases are refused before anything is written", async () => {
    const [{ app }, { admin }] = [await accounts(kind), await accounts(kind)];
    const project = createProject(app, { migrations: SHOP_MIGRATIONS });
    assert.throws(() => createUpgate({ ...project.options, database: { app, admin } }), {
      code: "ERR_UPGATE_OPTIONS",
      message: /database\.admin: must be another account of the same database/,
    });
    project.remove();
  });
}
