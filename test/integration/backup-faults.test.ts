import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import mysql from "mysql2/promise";
import { openBackupDriver } from "../../src/backup/backup-driver.js";
import type { BackupManifest, BackupTool, RestoreBackupCall } from "../../src/core/backup.js";
import {
  type BackupScene,
  backupScene,
  createAnd,
  createHeldAnd,
  fillShop,
  holdLastTable,
  lockOf,
  MARIADB_PROGRAMS,
  nothingLeft,
  programsFor,
  programsOf,
  SECRET,
  signalAll,
} from "../support/backup-scene.js";
import { call, FACTS, filesWith, mysqlKnex, mysqlTarget, restoreCall } from "../support/backups.js";
import { startMariaDb } from "../support/mariadb.js";
import { pictureOf } from "../support/rich-schema.js";
import { until } from "../support/wait.js";

const server = await startMariaDb({ settings: ["--innodb-buffer-pool-size=256M", "--max-allowed-packet=64M"] });
after(() => server.stop());
const admin = () => mysql.createConnection(server.url("mysql"));

before(() => fillShop(server));

const scene = (t: TestContext, options: Parameters<typeof backupScene>[2] = {}): BackupScene => backupScene(t, server, options);
const BACKUP_TOOLS = ["dump", "mydumper"] as const;

for (const tool of BACKUP_TOOLS)
  describe(`a backup by ${tool} under way`, () => {
    it("is given up when its program is killed; the password is nowhere to be seen meanwhile", async (t) => {
      const scenery = scene(t, { tool });
      const seen: ReturnType<typeof programsOf> = [];
      const kill = (): void => {
        seen.push(...programsOf(scenery.workDir));
        for (const { pid } of seen) process.kill(pid, "SIGKILL");
      };
      await assert.rejects(createHeldAnd(scenery, kill), {
        code: "ERR_UPGATE_BACKUP_FAILED",
        message: new RegExp(`${tool === "dump" ? "mariadb-dump" : tool} was ended by SIGKILL`),
      });
      assert.equal(seen.length, 1);
      assert.ok(!`${seen[0]?.command}${seen[0]?.environment}`.includes(SECRET));
      nothingLeft(scenery);
    });

    it("ends with its programs when it is stopped", async (t) => {
      const scenery = scene(t, { tool });
      const stop = new AbortController();
      await assert.rejects(
        createHeldAnd(scenery, () => stop.abort(), stop.signal),
        { code: "ERR_UPGATE_BACKUP_FAILED", message: /stopped/ },
      );
      assert.deepEqual(programsOf(scenery.workDir), []);
      nothingLeft(scenery);
    });

    it("is given up when the server is killed", async (t) => {
      const scenery = scene(t, { tool });
      await assert.rejects(
        createHeldAnd(scenery, () => server.kill().then(() => server.start())),
        {
          code: "ERR_UPGATE_BACKUP_FAILED",
          message: /Lost connection|gone away|mariadb-dump ended with exit code 2 without a word|mydumper ended with/,
        },
      );
      nothingLeft(scenery);
    });

    for (const programs of [[...programsFor(tool), "zstd"], programsFor(tool)])
      it(`says that the disk is full, ${programs.includes("zstd") ? "zstd" : "gzip"}`, async (t) => {
        const scenery = scene(t, { tool, programs });
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", scenery.dataDir]);
        try {
          await assert.rejects(
            createAnd(scenery, () => undefined),
            { code: "ERR_UPGATE_BACKUP_SPACE" },
          );
          nothingLeft(scenery);
        } finally {
          execFileSync("umount", [scenery.dataDir]);
        }
      });

    it("leaves nothing that counts, nor programs, when its own process is killed; the next one tidies up", async (t) => {
      const scenery = scene(t, { tool });
      const program = fileURLToPath(new URL("../support/backup-child.ts", import.meta.url));
      const loader = new URL("../support/loader.mjs", import.meta.url).href;
      const release = tool === "dump" ? await holdLastTable(server) : () => undefined;
      const child = spawn(process.execPath, ["--import", loader, program, JSON.stringify(scenery)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      await Promise.race([
        once(child.stdout, "data"),
        ended.then(() => Promise.reject(new Error("The child ended before it was under way."))),
      ]);
      // It is not to be done before.
      if (tool === "mydumper") signalAll(programsOf(scenery.workDir), "SIGSTOP");
      child.kill("SIGKILL");
      await ended;
      release();
      assert.match(readdirSync(path.join(scenery.dataDir, "backups")).join(), /^[^,]+\.partial$/);
      assert.deepEqual(scenery.folder.list(), []);
      await until("the end of the programs", () => programsOf(scenery.workDir).length === 0);
      assert.equal(filesWith(scenery.workDir, SECRET).length, 1);
      await scenery.folder.prune({ keep: 5, maxAgeDays: 90, now: new Date(), spare: new Set() });
      nothingLeft(scenery);
      await createAnd(scenery, () => undefined);
      assert.deepEqual(readdirSync(scenery.workDir), []);
    });
  });

describe("a backup that can't begin", () => {
  it("names the package of the program that is missing", async (t) => {
    const remedy = /mariadb-client.*I Have a Backup/;
    await assert.rejects(scene(t, { programs: [] }).open(), { code: "ERR_UPGATE_BACKUP_TOOL", remedy });
    await assert.rejects(scene(t, { programs: ["mariadb-dump"] }).open(), {
      code: "ERR_UPGATE_BACKUP_TOOL",
      message: /mariadb or mysql/,
      remedy,
    });
  });

  it("tells a wrong password without naming it", async (t) => {
    const scenery = scene(t, { programs: MARIADB_PROGRAMS, password: "wr0ng-password" });
    const denied = (error: Error & { code?: string }): boolean =>
      error.code === "ERR_UPGATE_BACKUP_FAILED" && /Access denied/.test(error.message) && !error.message.includes("wr0ng");
    await assert.rejects(
      createAnd(scenery, () => undefined),
      denied,
    );
    nothingLeft(scenery);
  });
});

describe("a damaged backup", () => {
  const rewrite = (file: string, change: (bytes: Buffer) => Buffer): void => writeFileSync(file, change(readFileSync(file)));
  const wounds: [string, (file: string) => void, RegExp, boolean][] = [
    ["that is missing a file", (file) => rmSync(file), /is missing/, false],
    ["that was cut short", (file) => truncateSync(file, statSync(file).size >> 1), /bytes instead of/, true],
    [
      "with another bit",
      (file) => rewrite(file, (bytes) => (bytes.writeUInt8((bytes.readUInt8(5000) ^ 8) & 255, 5000), bytes)),
      /checksum/,
      true,
    ],
    [
      "without its end mark",
      (file) => rewrite(file, (bytes) => gzipSync(gunzipSync(bytes).subarray(0, -60), { level: 1 })),
      /instead of|checksum/,
      true,
    ],
  ];
  for (const [name, wound, message, verifiable] of wounds)
    it(`${name} is told`, async (t) => {
      const scenery = scene(t, { programs: MARIADB_PROGRAMS });
      const manifest = await createAnd(scenery, () => undefined);
      const folder = scenery.folder.folderOf(manifest.id);
      const driver = await scenery.open();
      wound(path.join(folder, "dump.sql.gz"));
      await assert.rejects(scenery.folder.check(manifest.id, driver, call()), { code: "ERR_UPGATE_BACKUP_DAMAGED", message });
      if (verifiable) await assert.rejects(driver.verify({ ...call(), folder, manifest }), { code: "ERR_UPGATE_BACKUP_DAMAGED" });
    });
});

describe("a restore under way", () => {
  const deaths: [string, (scenery: BackupScene) => Promise<void>, RegExp][] = [
    ["its client is killed", killClient, /mariadb was ended by SIGKILL/],
    ["the server is killed", () => server.kill().then(() => server.start()), /connection to the database was lost/],
  ];
  const cases = BACKUP_TOOLS.flatMap((tool) => deaths.map((death) => [tool, ...death] as const));
  for (const [tool, name, die, message] of cases)
    it(`of a backup by ${tool} names the table when ${name}, and goes on there`, async (t) => {
      const scenery = scene(t, { tool });
      const connection = await admin();
      // Wide rows: mydumper writes the other tables into files of a thousand rows.
      if (tool === "mydumper") {
        await connection.query("CREATE OR REPLACE TABLE shop.wide (body LONGTEXT) AS SELECT REPEAT('x', 30000000) AS body");
        await connection.query("ANALYZE TABLE shop.wide, shop.bulk");
      }
      const whole = await pictureOf(connection, "shop");
      await connection.query("CREATE TABLE shop.surplus (id INT)");
      await connection.end();
      const manifest = await createAnd({ ...scenery, folder: scenery.folder }, () => undefined);
      const kept = { ...manifest, tables: manifest.tables.filter((table) => table.name !== "surplus") };
      await restoreInTwo(scenery, kept, die, message);
      const again = await admin();
      const { "TABLE surplus": _table, "rows of surplus": _rows, ...restored } = await pictureOf(again, "shop");
      assert.deepEqual(restored, whole);
      await again.query("DROP TABLE IF EXISTS shop.surplus, shop.wide");
      await again.end();
    });
});

describe("a restore that can't go on", () => {
  it("names max_allowed_packet when a row is too large for the server", async (t) => {
    const scenery = scene(t);
    const connection = await admin();
    await connection.query("CREATE TABLE shop.fat (id INT PRIMARY KEY, body LONGBLOB)");
    await connection.query("INSERT INTO shop.fat VALUES (1, REPEAT('x', 4000000))");
    const manifest = await createAnd(scenery, () => undefined);
    await connection.query("CREATE DATABASE small");
    await connection.query("SET GLOBAL max_allowed_packet = 2097152");
    const restored = (await scenery.open()).restore({
      ...restoreCall({ scratch: "small" }),
      folder: scenery.folder.folderOf(manifest.id),
      manifest,
    });
    await assert.rejects(restored, { code: "ERR_UPGATE_RESTORE_FAILED", message: /“table fat”/, remedy: /max_allowed_packet/ });
    await connection.query("SET GLOBAL max_allowed_packet = 67108864");
    await connection.query("DROP TABLE shop.fat");
    await connection.query("DROP DATABASE small");
    await connection.end();
  });

  it("says which right is missing to make what belongs to another account", async (t) => {
    const scenery = scene(t);
    const connection = await admin();
    await connection.query("CREATE DATABASE IF NOT EXISTS owned");
    await connection.query("CREATE TABLE owned.a (id INT)");
    await connection.query("CREATE DEFINER = root@localhost VIEW owned.v AS SELECT * FROM owned.a");
    await connection.query("CREATE USER little@'%' IDENTIFIED BY ?", [SECRET]);
    await connection.query("GRANT ALL ON owned.* TO little@'%'");
    const url = server.url("owned").replace("root@", `little:${SECRET}@`);
    const options = { ...scenery.options, target: mysqlTarget(url), knex: mysqlKnex(t, url) };
    const driver = await openBackupDriver(options);
    const manifest = await scenery.folder.create(driver, FACTS, { ...call(), exclude: [] });
    const restorer = await openBackupDriver({ ...options, sessionSql: lockOf });
    const ask = restoreCall();
    await assert.rejects(restorer.restore({ ...ask, folder: scenery.folder.folderOf(manifest.id), manifest }), {
      code: "ERR_UPGATE_RESTORE_FAILED",
      message: /“views”/,
      remedy: /SET USER/,
    });
    assert.deepEqual(ask.parts, ["drop what the backup does not have", "table a", "routines"]);
    await connection.query("DROP DATABASE owned");
    await connection.end();
  });
});

const hasSeveralSessions = (tool: BackupTool): boolean => tool === "mydumper" && availableParallelism() > 1;

/** By what they said first the server knows the sessions. */
async function killClient({ workDir, knex, tool }: BackupScene): Promise<void> {
  const lock = hasSeveralSessions(tool) ? "upgate-restore1" : "upgate-restore";
  await until(`the session with the lock ${lock}`, async () => {
    const [[holder]] = (await knex.raw("SELECT IS_USED_LOCK(?) AS id", [lock])) as [{ id: number | null }[]];
    return holder?.id;
  });
  signalAll(programsOf(workDir), "SIGKILL");
}

async function restoreInTwo(
  scenery: BackupScene,
  manifest: BackupManifest,
  die: (scenery: BackupScene) => Promise<void>,
  message: RegExp,
): Promise<void> {
  const folder = scenery.folder.folderOf(manifest.id);
  const driver = await openBackupDriver({ ...scenery.options, sessionSql: lockOf });
  const first = restoreCall();
  let death: Promise<void> | null = null;
  let inBulk = false;
  const beforePart: RestoreBackupCall["beforePart"] = async (part) => {
    inBulk = part === "table bulk";
    // It waits for a session that only a table of several files has.
    if (inBulk && die === killClient && hasSeveralSessions(scenery.tool)) death = die(scenery);
  };
  const onProgress = (): void => {
    if (inBulk && programsOf(scenery.workDir).length > 0) death ??= die(scenery);
  };
  await assert.rejects(driver.restore({ ...first, beforePart, onProgress, folder, manifest }), (error: Error & { code?: string }) => {
    assert.equal(error.code, "ERR_UPGATE_RESTORE_FAILED");
    assert.match(error.message, message);
    assert.match(error.message, /“table bulk”/);
    return true;
  });
  await death;
  assert.deepEqual(first.parts, ["drop what the backup does not have", "table aa_first"]);
  const second = restoreCall({ done: new Set(first.parts) });
  await (await scenery.open()).restore({ ...second, folder, manifest });
  assert.equal(second.parts[0], "table bulk");
  assert.deepEqual(programsOf(scenery.workDir), []);
}
