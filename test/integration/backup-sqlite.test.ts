import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Knex } from "knex";
import { openBackupDriver } from "../../src/backup/backup-driver.js";
import { BackupFolder } from "../../src/backup/backup-folder.js";
import { estimateBackup, refuseWithoutRoom } from "../../src/backup/backup-size.js";
import { connectStore, databaseSource } from "../../src/store/connect.js";
import { call, FACTS, pathWith, restoreCall, scratchFolder } from "../support/backups.js";
import { fillRichSqlite, pictureOfSqlite } from "../support/rich-sqlite.js";

const TOKEN = "a token that must not be in any backup";

for (const compression of ["zstd", "gzip"])
  describe(`a backup of SQLite, ${compression}`, () => {
    it("restores everything elsewhere and in place, in one transaction", async (t) => {
      const { knex, folder, driver, home } = await scene(t, compression);
      const before = await pictureOfSqlite(knex);
      const { id, tool, rows } = await folder.create(driver, FACTS, { ...call(), exclude: ["secrets"] });
      assert.match(tool, new RegExp(`^SQLite 3\\..*, ${compression}$`));
      assert.ok((rows ?? 0) > 500);
      const manifest = await folder.check(id, driver, call());
      assert.deepEqual(readdirSync(folder.folderOf(id)).toSorted(), [manifest.files[0]?.name, "manifest.json"]);
      assert.equal(statSync(path.join(folder.folderOf(id), manifest.files[0]?.name ?? "")).mode & 0o777, 0o600);

      const scratch = path.join(home, "scratch.db");
      await driver.restore({ ...restoreCall({ scratch }), folder: folder.folderOf(id), manifest });
      assert.ok(!readFileSync(scratch).includes(TOKEN), "nothing of an excluded table is in the bytes");
      const there = connectStore(databaseSource(`sqlite:${scratch}`, home));
      t.after(() => there.destroy());
      assert.deepEqual(await pictureOfSqlite(there), before);

      await damage(knex);
      let inside: unknown;
      const onPart = async (_part: string, trx: Knex | null): Promise<void> => {
        inside = await trx?.raw("SELECT COUNT(*) AS n FROM words WHERE words MATCH 'word7'");
        await trx?.raw("INSERT INTO secrets VALUES (3, 'told')");
      };
      await driver.restore({ ...restoreCall({ keep: ["secrets"], onPart }), folder: folder.folderOf(id), manifest });
      assert.deepEqual(inside, [{ n: 1 }]);
      assert.deepEqual(await pictureOfSqlite(knex), before);
      assert.equal((await knex("secrets").select()).length, 3);
      assert.deepEqual(await knex.raw("PRAGMA foreign_keys"), [{ foreign_keys: 1 }]);
      assert.deepEqual(await knex.raw("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
    });
  });

describe("a restore of SQLite", () => {
  it("that fails before its end leaves the database as it was", async (t) => {
    const { knex, folder, driver } = await scene(t, "gzip");
    const manifest = await folder.create(driver, FACTS, { ...call(), exclude: [] });
    await knex.raw("DELETE FROM blobs");
    const before = await pictureOfSqlite(knex);
    const ask = restoreCall({ onPart: () => Promise.reject(new Error("no")) });
    await assert.rejects(driver.restore({ ...ask, folder: folder.folderOf(manifest.id), manifest }), { code: "ERR_UPGATE_RESTORE_FAILED" });
    assert.deepEqual(await pictureOfSqlite(knex), before);
  });
});

describe("a damaged backup of SQLite", () => {
  const wounds: [string, (file: string) => void, RegExp][] = [
    ["cut short", (file) => truncateSync(file, statSync(file).size - 9), /bytes instead of/],
    ["with another bit", (file) => flip(file), /checksum/],
  ];
  for (const [name, wound, message] of wounds)
    it(`${name}: told by its check, and not restored`, async (t) => {
      const { folder, driver, knex } = await scene(t, "gzip");
      const manifest = await folder.create(driver, FACTS, { ...call(), exclude: [] });
      wound(path.join(folder.folderOf(manifest.id), "database.sqlite.gz"));
      await assert.rejects(folder.check(manifest.id, driver, call()), { code: "ERR_UPGATE_BACKUP_DAMAGED", message });
      const before = await pictureOfSqlite(knex);
      await assert.rejects(driver.restore({ ...restoreCall(), folder: folder.folderOf(manifest.id), manifest }), {
        code: "ERR_UPGATE_BACKUP_DAMAGED",
      });
      assert.deepEqual(await pictureOfSqlite(knex), before);
    });

  it("its size is estimated, and a disk without room is told before the start", async (t) => {
    const { knex, home } = await scene(t, "gzip");
    const estimate = await estimateBackup(knex, "sqlite");
    assert.ok(estimate.totalBytes >= 100_000 && estimate.tables > 5, JSON.stringify(estimate));
    await refuseWithoutRoom(home, estimate, "sqlite");
    await assert.rejects(refuseWithoutRoom(home, { ...estimate, totalBytes: 1e15 }, "sqlite"), { code: "ERR_UPGATE_BACKUP_SPACE" });
  });

  it("without what it must not hold, in its bytes too", async (t) => {
    const { folder, driver } = await scene(t, "gzip");
    const manifest = await folder.create(driver, FACTS, { ...call(), exclude: ["secrets"] });
    const bytes = gunzipSync(readFileSync(path.join(folder.folderOf(manifest.id), "database.sqlite.gz")));
    assert.ok(bytes.length > 100_000 && !bytes.includes(TOKEN));
  });
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  writeFileSync(file, bytes);
}

async function scene(t: TestContext, compression: string) {
  const home = scratchFolder(t, async (folder) => {
    await knex.destroy();
    assert.deepEqual(readdirSync(path.join(folder, "work")), []);
    const backups = path.join(folder, "data", "backups");
    assert.ok(!existsSync(backups) || readdirSync(backups).every((name) => !name.includes("partial")));
  });
  const workDir = path.join(home, "work");
  mkdirSync(workDir, { mode: 0o700 });
  const filename = path.join(home, "app.db");
  const knex = connectStore(databaseSource(`sqlite:${filename}`, home));
  await knex.raw("PRAGMA journal_mode = WAL");
  await knex.raw("PRAGMA foreign_keys = ON");
  await fillRichSqlite(knex);
  await knex.raw("CREATE TABLE secrets (id INTEGER PRIMARY KEY, token TEXT)");
  await knex("secrets").insert([{ token: TOKEN }, { token: `${TOKEN} 2` }]);
  const env = { PATH: pathWith(home, compression === "zstd" ? ["zstd"] : []) };
  const driver = await openBackupDriver({ target: { dialect: "sqlite", filename }, knex, workDir, host: null, env });
  return { home, knex, folder: new BackupFolder(path.join(home, "data")), driver };
}

async function damage(knex: Knex): Promise<void> {
  const statements = [
    "DROP TABLE words",
    "DELETE FROM parent",
    "DROP VIEW on_view",
    "CREATE TABLE on_view (id)",
    "CREATE TABLE newer (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "INSERT INTO newer DEFAULT VALUES",
    "CREATE INDEX newer_index ON blobs (name)",
    "ALTER TABLE blobs ADD COLUMN more TEXT",
    "PRAGMA user_version = 8",
  ];
  for (const statement of statements) await knex.raw(statement);
}
