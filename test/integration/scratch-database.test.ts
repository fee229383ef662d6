import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql, { type Connection } from "mysql2/promise";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install } from "../support/upgates.js";

const kinds = (await databaseKinds()).filter(({ name }) => name !== "SQLite");
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the scratch database on ${kind.name}`, () => scratchOn(kind));

const PASSWORD = "pa'ss\"w#rd \\ 1";

interface Scene {
  readonly project: TestProject;
  readonly root: Connection;
  readonly scratch: string;
}

interface Created {
  readonly backup: { readonly proof: { readonly how: string } };
}

function scratchOn(kind: DatabaseKind): void {
  let users = 0;

  /** An account that may do everything in its own database, and nothing elsewhere. */
  async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const url = new URL(address);
    const database = url.pathname.slice(1);
    const user = `scratch_${process.pid}_${++users}`;
    const root = await mysql.createConnection({ host: url.hostname, port: Number(url.port), user: "root" });
    await root.query(`CREATE USER '${user}'@'%' IDENTIFIED BY ?`, [PASSWORD]);
    await root.query(`GRANT ALL ON \`${database}\`.* TO '${user}'@'%'`);
    url.username = user;
    url.password = encodeURIComponent(PASSWORD).replaceAll("'", "%27");
    const project = createProject(url.href, { migrations: SHOP_MIGRATIONS });
    try {
      await install(project.options, "1.0.0");
      await play({ project, root, scratch: `${database}_rehearsal` });
    } finally {
      await root.query(`DROP USER '${user}'@'%'`);
      await root.query(`DROP DATABASE IF EXISTS \`${database}_rehearsal\``);
      await root.end();
      project.remove();
    }
  }

  const grantOn = async ({ root, project }: Scene, database: string): Promise<void> => {
    const { username } = new URL(project.options.database as string);
    await root.query(`GRANT ALL ON \`${database.replaceAll("_", "\\_")}\`.* TO '${username}'@'%'`);
  };
  const tablesIn = async ({ root }: Scene, database: string): Promise<string[]> => {
    const [rows] = (await root.query(`SHOW TABLES IN \`${database}\``)) as unknown as [object[]];
    return rows.map((row) => String(Object.values(row)[0]));
  };

  it("that may not be made: a backup is read instead of restored, a rehearsal says what an administrator has to do", () =>
    scene(async ({ project, scratch }) => {
      const created = await runCliJson<Created>(["backup", "create"], { cwd: project.folder });
      assert.equal(created.code, 0, created.stdout);
      assert.equal(created.json.backup.proof.how, "read");
      assert.match(created.stderr, /read, not restored/);
      assert.ok(!(created.stdout + created.stderr).includes(PASSWORD));
      const rehearsed = await runCliJson<{ error: { code: string; remedy: string } }>(["rehearse"], { cwd: project.folder });
      assert.equal(rehearsed.json.error.code, "ERR_UPGATE_SCRATCH_DATABASE");
      assert.ok(rehearsed.json.error.remedy.includes(`CREATE DATABASE \`${scratch}\`; GRANT ALL ON`), rehearsed.json.error.remedy);
    }));

  it("that an administrator has made is used, and left empty", () =>
    scene(async (parts) => {
      const { project, root, scratch } = parts;
      await root.query(`CREATE DATABASE \`${scratch}\``);
      await grantOn(parts, scratch);
      const created = await runCliJson<Created>(["backup", "create"], { cwd: project.folder });
      assert.equal(created.json.backup.proof.how, "restored", created.stderr);
      assert.equal((await runCli(["rehearse"], { cwd: project.folder })).code, 0);
      assert.deepEqual(await tablesIn(parts, scratch), []);
    }));

  it("that holds somebody's tables is not touched", () =>
    scene(async (parts) => {
      const { project, root, scratch } = parts;
      await root.query(`CREATE DATABASE \`${scratch}\``);
      await root.query(`CREATE TABLE \`${scratch}\`.precious (id INT PRIMARY KEY)`);
      await root.query(`INSERT INTO \`${scratch}\`.precious VALUES (7)`);
      await grantOn(parts, scratch);
      const rehearsed = await runCliJson<{ error: { code: string; message: string } }>(["rehearse"], { cwd: project.folder });
      assert.equal(rehearsed.json.error.code, "ERR_UPGATE_SCRATCH_DATABASE");
      assert.match(rehearsed.json.error.message, /did not put there, precious/);
      const [rows] = await root.query(`SELECT * FROM \`${scratch}\`.precious`);
      assert.equal((rows as object[]).length, 1);
    }));

  it("that another process uses is waited for by nobody", () =>
    scene(async (parts) => {
      const { project, root, scratch } = parts;
      await root.query(`CREATE DATABASE \`${scratch}\``);
      await grantOn(parts, scratch);
      await root.query("SELECT GET_LOCK(?, 0)", [`upgate:scratch:${scratch}`.slice(0, 64)]);
      const rehearsed = await runCliJson<{ error: { code: string; message: string } }>(["rehearse"], { cwd: project.folder });
      assert.equal(rehearsed.json.error.code, "ERR_UPGATE_SCRATCH_DATABASE");
      assert.match(rehearsed.json.error.message, /in use by another process/);
    }));

  it("that a killed process has left is used again", () =>
    scene(async (parts) => {
      const { project, root, scratch } = parts;
      await root.query(`CREATE DATABASE \`${scratch}\``);
      await root.query(`CREATE TABLE \`${scratch}\`.upgate_scratch (made INTEGER NOT NULL PRIMARY KEY)`);
      await root.query(`INSERT INTO \`${scratch}\`.upgate_scratch VALUES (1)`);
      await root.query(`CREATE TABLE \`${scratch}\`.products (half INT)`);
      await grantOn(parts, scratch);
      const rehearsed = await runCli(["rehearse"], { cwd: project.folder });
      assert.equal(rehearsed.code, 0, rehearsed.stderr);
      const [rows] = await root.query("SHOW DATABASES LIKE ?", [scratch.replaceAll("_", "\\_")]);
      assert.deepEqual(rows, [], "made by upgate, so it is gone");
    }));
}
