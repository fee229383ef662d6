import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import { startMariaDb } from "../support/mariadb.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const mariadb = await startMariaDb();
after(() => mariadb.stop());

/** Asks the database again once the test has written the file `go`. */
const ASKING = `import { existsSync } from "node:fs";
export const up = async (knex) => {
  const deadline = Date.now() + 60_000;
  while (!existsSync(new URL("../../go", import.meta.url)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  await knex("products").update({ price_cents: 995 });
};`;

describe("a database server that is killed in mid-run", () => {
  for (const where of ["process", "here"] as const) {
    it(`closes the site, and the run goes on when it is back, the runner being ${where === "process" ? "a process of its own" : "inside the web process"}`, async () => {
      const database = `loss_${where}`;
      const admin = await mysql.createConnection(mariadb.url("mysql"));
      await admin.query(`CREATE DATABASE ${database}`);
      await admin.end();
      const project = createProject(mariadb.url(database), { migrations: { ...SHOP_MIGRATIONS, "1.1.0/0002-fill-prices.mjs": ASKING } });
      await install(project.options, "1.0.0");
      await withUpgate(project.options, async (upgate) => {
        const run = await upgate.upgrader.start({ where });
        await until("the second migration to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
        await mariadb.kill();
        project.write("go", "");
        await until("the site to say Err 1", () => upgate.state().kind === "unknown");
        await mariadb.start();
        assert.equal((await run.finished).status, "completed");
        await until("the gate to open", () => upgate.state().kind === "current");
        assert.deepEqual(await upgate.knex("products").pluck("price_cents"), [995, 995]);
      });
      project.remove();
    });
  }
});
