import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import mysql, { type Connection, type RowDataPacket } from "mysql2/promise";
import { driverFor, openBackupDriver } from "../../src/backup/backup-driver.js";
import { BackupFolder } from "../../src/backup/backup-folder.js";
import {
  addMysqlPrograms,
  call,
  FACTS,
  filesWith,
  mysqlKnex,
  mysqlTarget,
  pathWith,
  restoreCall,
  scratchFolder,
} from "../support/backups.js";
import type { BackupTool } from "../../src/core/backup.js";
import { startMariaDb } from "../support/mariadb.js";
import { fillRich, pictureOf } from "../support/rich-schema.js";

const LARGE = ["--innodb-buffer-pool-size=256M", "--max-allowed-packet=1G", "--innodb-log-file-size=512M"];
const mariaDb = await startMariaDb({ settings: LARGE });
after(() => mariaDb.stop());
const mysqlUrl = process.env["UPGATE_TEST_MYSQL_URL"];
const servers = [
  { name: "MariaDB", url: mariaDb.url },
  ...(mysqlUrl ? [{ name: "MySQL", url: (database: string): string => new URL(`/${database}`, mysqlUrl).href }] : []),
];

const MARIADB_TOOLS = ["mariadb-dump", "mariadb"];
const SECRET = "s3cret ' \" \\ # ; ü";
const KEPT = "upgate_lease";

for (const server of servers)
  for (const compression of ["zstd", "gzip"])
    for (const tool of ["dump", "mydumper"] as const)
      describe(`a backup of ${server.name} by ${tool}, ${compression}`, () => roundTrip(server, compression, tool));

function roundTrip(server: (typeof servers)[number], compression: string, program: BackupTool): void {
  it("restores everything that a database can hold, elsewhere and in place", async (t) => {
    const scene = await setUp(t, server, compression, program);
    const { admin, database, folder, options } = scene;
    const driver = await openBackupDriver({ ...options, tool: program });
    assert.equal(driver.name, program);
    const before = await pictureOf(admin, database);
    const { id, tool } = await folder.create(driver, FACTS, { ...call(), exclude: [KEPT] });
    assert.match(tool, new RegExp(`${program === "dump" ? "" : "^mydumper 0[.]10[.]\\d+ with "}.*, ${compression}$`));
    const manifest = await folder.check(id, driver, call());
    assert.equal(manifest.tables.find(({ name }) => name === "many")?.rows, 5_000);
    assert.ok(!manifest.tables.some(({ name }) => name === KEPT));
    assert.deepEqual(folder.read(id), manifest, "what was read is kept");
    for (const { name } of manifest.files) assert.equal(statSync(path.join(folder.folderOf(id), name)).mode & 0o777, 0o600, name);
    const parts = manifest.files.filter(({ name }) => /[.]many[.][0-9]{5}[.]sql[.]gz$/.test(name));
    if (program === "mydumper") assert.equal(parts.length > 1, compression === "zstd");

    const again = await driverFor(manifest, options);
    const scratch = `${database}_scratch`;
    await admin.query(`CREATE DATABASE ${scratch}`);
    const there = restoreCall({ scratch });
    await again.restore({ ...there, folder: folder.folderOf(id), manifest });
    assert.deepEqual(await pictureOf(admin, scratch), without(before, KEPT));

    await damage(admin, database, program);
    const here = restoreCall({ keep: [KEPT], first: ["parted"], last: ["audit"] });
    await again.restore({ ...here, folder: folder.folderOf(id), manifest });
    const restored = await pictureOf(admin, database);
    assert.match(restored[`rows of ${KEPT}`] ?? "", /^2 /, "the table that was kept has its newest rows");
    assert.deepEqual(without(restored, KEPT), without(before, KEPT));
    assert.deepEqual([here.parts[1], here.parts.at(-1)], ["table parted", "table audit"]);
    assert.deepEqual(filesWith(scene.home, "s3cret"), []);
    assert.deepEqual(readdirSync(options.workDir), []);
  });
}

describe("another maker's program", () => {
  it("that would make a dump which MySQL can't restore is refused", { skip: mysqlUrl === undefined && "no MySQL server" }, async (t) => {
    const server = servers.find(({ name }) => name === "MySQL");
    assert.ok(server);
    const { options } = await setUp(t, server, "refused");
    const env = { PATH: pathWith(options.workDir, MARIADB_TOOLS) };
    await assert.rejects(openBackupDriver({ ...options, env }), {
      code: "ERR_UPGATE_BACKUP_TOOL",
      message: /generated columns/,
      remedy: /mysql-client/,
    });
  });

  it(
    "works with TLS where the server's certificate is good, and refuses where it is not",
    { skip: mysqlUrl === undefined && "no MySQL server" },
    async (t) => {
      const server = servers.find(({ name }) => name === "MySQL");
      assert.ok(server);
      const { admin, folder, options } = await setUp(t, server, "tls");
      const [[row]] = await admin.query<RowDataPacket[]>("SELECT @@datadir AS folder");
      const ca = readFileSync(path.join(String(row?.["folder"]), "ca.pem"), "utf8");
      const make = async (ssl: { ca?: string; rejectUnauthorized?: boolean }): Promise<unknown> => {
        const driver = await openBackupDriver({ ...options, target: { ...options.target, ssl } });
        return folder.create(driver, FACTS, { ...call(), exclude: [] });
      };
      await make({ ca });
      await make({ rejectUnauthorized: false });
      await assert.rejects(make({}), { code: "ERR_UPGATE_BACKUP_FAILED", message: /certificate/ });
      assert.deepEqual(readdirSync(options.workDir), []);
    },
  );
});

describe("mydumper on MySQL", { skip: mysqlUrl === undefined && "no MySQL server" }, () => {
  const mysqlServer = servers.find(({ name }) => name === "MySQL") ?? servers[0];
  assert.ok(mysqlServer);

  it("is refused where it would leave out columns whose default is an expression", async (t) => {
    const { admin, options } = await setUp(t, mysqlServer, "default", "mydumper");
    await admin.query("CREATE TABLE stamped (id INT PRIMARY KEY, made_at DATETIME DEFAULT CURRENT_TIMESTAMP)");
    await assert.rejects(openBackupDriver({ ...options, tool: "mydumper" }), {
      code: "ERR_UPGATE_BACKUP_TOOL",
      message: /leaves it out: made_at of the table stamped/,
    });
  });

  it("keeps to TLS, and refuses a server whose certificate is not good", async (t) => {
    const { admin, url, folder, options } = await setUp(t, mysqlServer, "tls", "mydumper");
    await admin.query("ALTER USER ?@'%' REQUIRE SSL", [options.target.user]);
    const knex = mysqlKnex(t, `${url}?ssl={"rejectUnauthorized":false}`);
    const make = async (ssl: { ca?: string; rejectUnauthorized?: boolean }): Promise<unknown> => {
      const driver = await openBackupDriver({ ...options, knex, target: { ...options.target, ssl }, tool: "mydumper" });
      return folder.create(driver, FACTS, { ...call(), exclude: [] });
    };
    const [[row]] = await admin.query<RowDataPacket[]>("SELECT @@datadir AS folder");
    await make({ ca: readFileSync(path.join(String(row?.["folder"]), "ca.pem"), "utf8") });
    await make({ rejectUnauthorized: false });
    await assert.rejects(make({}), { code: "ERR_UPGATE_BACKUP_FAILED", message: /certificate/ });
  });
});

type Picture = Record<string, string>;
const without = (picture: Picture, table: string): Picture =>
  Object.fromEntries(Object.entries(picture).filter(([key]) => !key.endsWith(table)));

async function setUp(t: TestContext, server: (typeof servers)[number], compression: string, program: BackupTool = "dump") {
  const database = `upgate_bk_${process.pid}_${server.name}_${compression}_${program}`.toLowerCase();
  const admin = await mysql.createConnection(server.url("mysql"));
  const user = `bk_${process.pid}_${compression}_${program}`;
  t.after(async () => {
    for (const name of [database, `${database}_scratch`]) await admin.query(`DROP DATABASE IF EXISTS ${name}`);
    await admin.query("DROP USER IF EXISTS ?@'%'", [user]);
    await admin.end();
  });
  await admin.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  await admin.query(`USE ${database}`);
  await fillRich(admin, { large: server.name === "MariaDB" && compression === "zstd" });
  if (program === "mydumper") {
    await admin.query("DROP TABLE `odd ``name`");
    // Wide rows: the other tables, too, come in files of a thousand rows each.
    await admin.query("INSERT INTO large SELECT 2, REPEAT('x', 1000000)");
    await admin.query("INSERT INTO large SELECT 3, REPEAT('\\0\\\"', 1000000)");
    // This table has a key from which mydumper would count on for ever, so that no table is divided.
    if (compression === "zstd") await admin.query("DELETE FROM types WHERE id > 9223372036854775807");
    await admin.query("ANALYZE TABLE large, many");
  }
  await admin.query(`CREATE TABLE ${KEPT} (id INT PRIMARY KEY)`);
  await admin.query(`INSERT INTO ${KEPT} VALUES (1)`);
  await admin.query("CREATE USER ?@'%' IDENTIFIED BY ?", [user, SECRET]);
  await admin.query("GRANT ALL ON *.* TO ?@'%'", [user]);
  const url = new URL(server.url(database));
  url.username = user;
  url.password = encodeURIComponent(SECRET);
  const home = scratchFolder(t);
  const workDir = path.join(home, "work");
  mkdirSync(workDir, { mode: 0o700 });
  const compressor = compression === "zstd" ? ["zstd"] : [];
  const programs = [...(server.name === "MariaDB" ? MARIADB_TOOLS : ["sh"]), ...compressor, ...(program === "mydumper" ? [program] : [])];
  const env = { PATH: pathWith(home, programs) };
  if (server.name === "MySQL") addMysqlPrograms(env.PATH);
  const options = { target: mysqlTarget(url.href), knex: mysqlKnex(t, url.href), workDir, host: null, env };
  return { admin, url: url.href, database, folder: new BackupFolder(path.join(home, "data")), options, home };
}

/** Whatever a release that went wrong may have done. */
async function damage(admin: Connection, database: string, program: BackupTool): Promise<void> {
  await admin.query(`USE ${database}`);
  await admin.query("SET foreign_key_checks = 0");
  const statements = [
    "DROP TABLE types",
    "ALTER TABLE many DROP COLUMN body",
    ...(program === "dump" ? ["DELETE FROM `odd ``name`"] : ["DELETE FROM large WHERE id > 1"]),
    "UPDATE parted SET id = id + 10",
    "CREATE TABLE newer (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES left_one (id))",
    "CREATE VIEW newer_view AS SELECT * FROM newer",
    "DROP VIEW a_view",
    "CREATE TABLE a_view (id INT PRIMARY KEY)",
    "DROP TABLE empty_one",
    "CREATE VIEW empty_one AS SELECT 1 AS id",
    "DROP FUNCTION twice",
    "CREATE FUNCTION newer_function() RETURNS INT DETERMINISTIC RETURN 1",
    "DROP EVENT nightly",
    "CREATE EVENT newer_event ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    "CREATE TRIGGER newer_trigger BEFORE INSERT ON no_key FOR EACH ROW SET NEW.a = 0",
    `INSERT INTO ${KEPT} VALUES (2)`,
  ];
  for (const statement of statements) await admin.query(statement);
}
