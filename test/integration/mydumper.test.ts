import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import mysql from "mysql2/promise";
import { backupToolCheck } from "../../src/backup/tool-check.js";
import { backupScene, createAnd, fillShop, MARIADB_PROGRAMS, nothingLeft, programsFor } from "../support/backup-scene.js";
import { call, FACTS } from "../support/backups.js";
import { startMariaDb } from "../support/mariadb.js";

const server = await startMariaDb();
after(() => server.stop());
before(() => fillShop(server));
const scene = (...[t, options]: [Parameters<typeof backupScene>[0], Parameters<typeof backupScene>[2]?]) =>
  backupScene(t, server, { tool: "mydumper", ...options });

describe("a backup by mydumper that can't begin, or would not be whole", () => {
  const shop = async (...statements: readonly string[]): Promise<void> => {
    const connection = await mysql.createConnection(server.url("mysql"));
    await connection.query("USE shop");
    for (const sql of statements) await connection.query(sql);
    await connection.end();
  };

  it("says that it is not installed", async (t) => {
    const scenery = scene(t, { programs: MARIADB_PROGRAMS });
    await assert.rejects(scenery.open(), {
      code: "ERR_UPGATE_BACKUP_TOOL",
      message: /mydumper is not installed/,
      remedy: /package mydumper/,
    });
    const check = await backupToolCheck(scenery.knex, "mysql", "mydumper", scenery.options.env.PATH);
    assert.deepEqual([check.severity, check.message], ["danger", "The program mydumper is not installed."]);
  });

  it("says that it is usable, and with what", async (t) => {
    const { knex, options } = scene(t);
    const check = await backupToolCheck(knex, "mysql", "mydumper", options.env.PATH);
    assert.match(`${check.severity}: ${check.message}`, /^ok: mariadb-dump .* mydumper 0\.10\.\d reads the rows\.$/);
  });

  const unfit: [string, string, RegExp][] = [
    ["a name with a backtick", "CREATE TABLE unfit (`a``b` INT)", /a`b/],
    ["an invisible column, which it would leave out", "CREATE TABLE unfit (id INT, b INT INVISIBLE)", /invisible/],
  ];
  for (const [name, sql, message] of unfit)
    it(`names the table with ${name}`, async (t) => {
      await shop(sql);
      try {
        await assert.rejects(scene(t).open(), { code: "ERR_UPGATE_BACKUP_TOOL", message, remedy: /backup\.tool/ });
      } finally {
        await shop("DROP TABLE unfit");
      }
    });

  it("says that the account may not lock, also where that shows under way only", async (t) => {
    const scenery = scene(t);
    const driver = await scenery.open();
    const refused = { code: "ERR_UPGATE_BACKUP_TOOL", remedy: /the right RELOAD/ };
    await shop("REVOKE RELOAD ON *.* FROM keeper@'%'");
    try {
      await assert.rejects(scenery.open(), refused);
      await assert.rejects(scenery.folder.create(driver, FACTS, { ...call(), exclude: [] }), refused);
    } finally {
      await shop("GRANT ALL ON *.* TO keeper@'%'");
    }
    nothingLeft(scenery);
  });

  it("gives up after seconds, and lets others write again, where a long statement stands in the way", async (t) => {
    const scenery = scene(t);
    const holder = await mysql.createConnection(server.url("shop"));
    const held = holder.query("UPDATE zz_last SET id = id WHERE SLEEP(30) = 0");
    try {
      await assert.rejects(
        createAnd(scenery, () => undefined),
        { code: "ERR_UPGATE_BACKUP_FAILED", message: /could not lock all tables/, remedy: /Wait for its end/ },
      );
    } finally {
      await shop(`KILL ${holder.threadId}`);
      await assert.rejects(held);
    }
    nothingLeft(scenery);
  });
});

describe("a damaged backup by mydumper", () => {
  const inRows = (text: Buffer): Buffer => gzipSync(gunzipSync(text).subarray(0, -60), { level: 1 });
  const wounds: [string, string, (bytes: Buffer) => Buffer | null][] = [
    ["whose file with rows is missing", "rows/shop.bulk.sql.gz", () => null],
    ["whose rows were cut short", "rows/shop.bulk.sql.gz", (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ["with another bit in its rows", "rows/shop.bulk.sql.gz", (bytes) => (bytes.writeUInt8(bytes.readUInt8(5000) ^ 8, 5000), bytes)],
    ["whose rows end within a statement", "rows/shop.bulk.sql.gz", inRows],
    ["without mydumper's end mark", "rows/metadata", (bytes) => bytes.subarray(0, 20)],
    ["without its structure's end mark", "structure.sql.gz", inRows],
  ];
  for (const [name, wounded, wound] of wounds)
    it(`${name} is told`, async (t) => {
      const scenery = scene(t, { programs: programsFor("mydumper") });
      const manifest = await createAnd(scenery, () => undefined);
      const folder = scenery.folder.folderOf(manifest.id);
      const driver = await scenery.open();
      const file = path.join(folder, wounded);
      const bytes = wound(readFileSync(file));
      if (bytes) writeFileSync(file, bytes);
      else rmSync(file);
      await assert.rejects(scenery.folder.check(manifest.id, driver, call()), { code: "ERR_UPGATE_BACKUP_DAMAGED" });
      await assert.rejects(driver.verify({ ...call(), folder, manifest }), { code: "ERR_UPGATE_BACKUP_DAMAGED" });
    });
});
