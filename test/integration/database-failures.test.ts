import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import type { UpgateOptions } from "../../src/index.js";
import type { RunResult } from "../../src/upgrade/run-result.js";
import { startMariaDb } from "../support/mariadb.js";
import { createProject } from "../support/project.js";
import { withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const server = await startMariaDb({ settings: ["--innodb-lock-wait-timeout=1", "--lock-wait-timeout=1", "--innodb-buffer-pool-size=64M"] });
after(() => server.stop());

let count = 0;

/** Waits in mid-migration until the test has made the file `go`; says by `here` that it waits. */
const PAUSE = (folder: string): string => `
  const fs = await import("node:fs");
  fs.writeFileSync(${JSON.stringify(path.join(folder, "here"))}, "");
  while (!fs.existsSync(${JSON.stringify(path.join(folder, "go"))})) await new Promise((resolve) => setTimeout(resolve, 20));`;

interface Scene {
  /** A connection of root's. */
  readonly root: mysql.Connection;
  readonly database: string;
  readonly options: UpgateOptions;
  /** Resolves when the migration waits. */
  readonly waits: () => Promise<unknown>;
  readonly letGo: () => void;
  readonly lines: readonly string[];
}

/** Runs one migration as an account without any right beyond its database. */
async function during(body: (folder: string) => string, use: (scene: Scene, finished: Promise<RunResult>) => Promise<void>): Promise<void> {
  const database = `failures_${++count}`;
  const root = await mysql.createConnection(server.url("mysql"));
  root.on("error", () => undefined);
  await root.query(`CREATE DATABASE ${database}`);
  await root.query(`CREATE USER app${count}@'127.0.0.1' IDENTIFIED BY 'secret'`);
  await root.query(`GRANT ALL ON ${database}.* TO app${count}@'127.0.0.1'`);
  const address = server.url(database).replace("root@", `app${count}:secret@`);
  const project = createProject(address, { migrations: {} });
  project.write("migrations/1.1.0/0001-a.mjs", `export const up = async (knex) => { ${body(project.folder)} };`);
  const { configFile: _none, ...options } = project.options;
  const here = path.join(project.folder, "here");
  try {
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      const waits = (): Promise<unknown> => until("the migration to wait", () => existsSync(here));
      await use({ root, database, options, waits, letGo: () => void project.write("go", ""), lines: project.lines }, run.finished);
    });
  } finally {
    // Also of one that died with its server.
    root.destroy();
    project.remove();
  }
}

/** The upgrade's connections, by the mark of their statements or by their account. */
async function connectionsOf(root: mysql.Connection, database: string): Promise<number[]> {
  const [rows] = await root.query<mysql.RowDataPacket[]>("SELECT id FROM information_schema.processlist WHERE db = ?", [database]);
  return rows.map(({ id }) => Number(id));
}

async function rowsOf(root: mysql.Connection, database: string, table: string): Promise<unknown[]> {
  const [rows] = await root.query<mysql.RowDataPacket[]>(`SELECT n FROM ${database}.${table} ORDER BY n`);
  return rows.map(({ n }) => n as unknown);
}

const ONE_AND_TWO = (pause: string): string => `
  await knex.schema.createTable("t", (t) => { t.increments("id"); t.integer("n"); });
  await knex("t").insert({ n: 1 });
  ${pause}
  await knex("t").insert({ n: 2 });
  await knex.schema.alterTable("t", (t) => t.integer("m"));`;

describe("an upgrade and a failing database", () => {
  it("goes on when all its connections are killed", async () => {
    await during(
      (folder) => ONE_AND_TWO(PAUSE(folder)),
      async ({ root, database, waits, letGo, lines }, finished) => {
        await waits();
        for (const id of await connectionsOf(root, database)) await root.query(`KILL ${id}`);
        letGo();
        assert.deepEqual((await finished).error, null);
        assert.deepEqual(await rowsOf(root, database, "t"), [1, 2]);
        assert.ok(lines.some((line) => /going on where the journal says/.test(line)));
      },
    );
  });

  it("goes on when the server is killed and started again", async () => {
    await during(
      (folder) => ONE_AND_TWO(PAUSE(folder)),
      async ({ database, waits, letGo }, finished) => {
        await waits();
        await server.kill();
        letGo();
        await server.start();
        assert.deepEqual((await finished).error, null);
        const root = await mysql.createConnection(server.url("mysql"));
        assert.deepEqual(await rowsOf(root, database, "t"), [1, 2]);
        await root.end();
      },
    );
  });

  it("goes on after a deadlock", async () => {
    const body = (folder: string): string => `
      await knex.schema.createTable("t", (t) => { t.integer("id").primary(); t.integer("n"); });
      await knex("t").insert([{ id: 1, n: 0 }, { id: 2, n: 0 }]);
      await knex.schema.createTable("u", (t) => t.integer("n"));
      await knex("t").where({ id: 1 }).increment("n", 1);
      ${PAUSE(folder)}
      await knex("t").where({ id: 2 }).increment("n", 1);`;
    await during(body, async ({ root, database, waits, letGo }, finished) => {
      await waits();
      const other = await mysql.createConnection(server.url(database));
      await other.query("BEGIN");
      // Heavier than the migration's transaction, so that the server ends that one.
      await other.query("CREATE TEMPORARY TABLE heavy (n INT) ENGINE=InnoDB");
      await other.query("INSERT INTO heavy SELECT seq FROM seq_1_to_2000");
      await other.query("UPDATE t SET n = n + 10 WHERE id = 2");
      const blocked = other.query("UPDATE t SET n = n + 10 WHERE id = 1");
      letGo();
      await blocked;
      await other.query("COMMIT");
      await other.end();
      assert.deepEqual((await finished).error, null);
      assert.deepEqual(await rowsOf(root, database, "t"), [11, 11]);
    });
  });

  it("fails with a reason when a lock stays, says who to ask, and goes on at Retry", async () => {
    await during(
      (folder) => ONE_AND_TWO(PAUSE(folder)),
      async ({ root, database, options, waits, letGo }, finished) => {
        await waits();
        const other = await mysql.createConnection(server.url(database));
        await other.query("BEGIN");
        await other.query("SELECT * FROM t");
        letGo();
        const { status, error } = await finished;
        assert.equal(status, "failed");
        assert.match(error?.message ?? "", /1\.1\.0\/0001-a failed.*lock/i);
        assert.match(error?.remedy ?? "", /Retry/);
        await other.end();
        await withUpgate(options, async (upgate) => {
          assert.deepEqual((await (await upgate.upgrader.retry({ where: "here" })).finished).error, null);
        });
        assert.deepEqual(await rowsOf(root, database, "t"), [1, 2]);
      },
    );
  });

  it("waits for a server that takes no changes for a while, as after a failover", async () => {
    await during(
      (folder) => ONE_AND_TWO(PAUSE(folder)),
      async ({ root, database, waits, letGo, lines }, finished) => {
        await waits();
        await root.query("SET GLOBAL read_only = 1");
        letGo();
        await until("the upgrade to notice", () => lines.some((line) => /read[-_ ]only/i.test(line)));
        await root.query("SET GLOBAL read_only = 0");
        assert.deepEqual((await finished).error, null);
        assert.deepEqual(await rowsOf(root, database, "t"), [1, 2]);
      },
    );
  });

  it("fails with a reason when a privilege is taken away, and goes on at Retry when it is given back", async () => {
    await during(
      (folder) => `${ONE_AND_TWO(PAUSE(folder))} await knex.raw("CREATE VIEW v AS SELECT n FROM t");`,
      async ({ root, database, options, waits, letGo }, finished) => {
        await waits();
        await root.query(`REVOKE CREATE VIEW ON ${database}.* FROM app${count}@'127.0.0.1'`);
        // A connection keeps the rights that it had when it chose its database.
        for (const id of await connectionsOf(root, database)) await root.query(`KILL ${id}`);
        letGo();
        const { status, error } = await finished;
        assert.equal(status, "failed");
        assert.match(error?.message ?? "", /command denied|right|privilege|may not/i);
        assert.match(error?.remedy ?? "", /grant|right/i);
        await root.query(`GRANT CREATE VIEW ON ${database}.* TO app${count}@'127.0.0.1'`);
        await withUpgate(options, async (upgate) => {
          assert.deepEqual((await (await upgate.upgrader.retry({ where: "here" })).finished).error, null);
        });
        assert.deepEqual(await rowsOf(root, database, "v"), [1, 2]);
      },
    );
  });
});
