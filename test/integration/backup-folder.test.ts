import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { driverFor, openBackupDriver } from "../../src/backup/backup-driver.js";
import { BackupFolder } from "../../src/backup/backup-folder.js";
import type { BackupDriver, HostBackupDriver } from "../../src/core/backup.js";
import { connectStore, databaseSource } from "../../src/store/connect.js";
import { call, FACTS, restoreCall, scratchFolder } from "../support/backups.js";

/** A host's own driver, such as a snapshot of a cloud: here one file. */
const HOST: HostBackupDriver = {
  name: "snapshot",
  create: async ({ folder }) => {
    writeFileSync(path.join(folder, "data"), "everything", { mode: 0o600 });
    return { reference: "snap-1", tables: [{ name: "a", rows: 2 }] };
  },
};

async function scene(t: TestContext, host: HostBackupDriver = HOST) {
  const home = scratchFolder(t);
  const filename = path.join(home, "app.db");
  const knex = connectStore(databaseSource(`sqlite:${filename}`, home));
  t.after(() => knex.destroy());
  const options = { target: { dialect: "sqlite", filename } as const, knex, workDir: home, host };
  return { home, options, folder: new BackupFolder(path.join(home, "data")), driver: await openBackupDriver(options) };
}

const create = (folder: BackupFolder, driver: BackupDriver) =>
  folder.create(driver, { ...FACTS, dialect: "sqlite" }, { ...call(), exclude: [] });

describe("the folder of backups", () => {
  it("keeps what nobody else may read, and knows it again", async (t) => {
    const { folder, driver, home } = await scene(t);
    const manifest = await create(folder, driver);
    assert.match(manifest.id, /^\d{8}T\d{6}-[0-9a-f]{8}$/);
    assert.equal(manifest.reference, "snap-1");
    assert.deepEqual([manifest.rows, manifest.bytes, manifest.proof], [2, 10, null]);
    assert.deepEqual(folder.list(), [{ id: manifest.id, manifest, damaged: null }]);
    const at = path.join(home, "data", "backups", manifest.id);
    assert.equal(statSync(path.join(home, "data", "backups")).mode & 0o777, 0o700);
    assert.equal(statSync(at).mode & 0o777, 0o700);
    assert.equal(statSync(path.join(at, "manifest.json")).mode & 0o777, 0o600);
    const proof = { how: "read", at: new Date().toISOString(), durationMs: 5 } as const;
    await folder.setProof(manifest.id, proof);
    assert.deepEqual(folder.read(manifest.id), { ...manifest, proof });
    assert.deepEqual(readdirSync(at).toSorted(), ["data", "manifest.json"]);
    await folder.remove(manifest.id);
    assert.deepEqual(folder.list(), []);
  });

  it("has no way out of it", async (t) => {
    const { folder, driver } = await scene(t);
    await create(folder, driver);
    for (const id of ["", ".", "..", "../backups", "20261123T065000-9f2c4e1a", "/etc", "20261123T065000-9f2c4e1a/../.."])
      assert.throws(() => folder.read(id), { code: "ERR_UPGATE_BACKUP_UNKNOWN" }, id);
  });

  it("tells a manifest that is damaged or names files elsewhere, and lists the others", async (t) => {
    const { folder, driver } = await scene(t);
    const [one, two, three] = [await create(folder, driver), await create(folder, driver), await create(folder, driver)];
    writeFileSync(path.join(folder.folderOf(one.id), "manifest.json"), "{");
    const outside = { ...two, files: [{ name: "../../secret", bytes: 1, sha256: "" }] };
    writeFileSync(path.join(folder.folderOf(two.id), "manifest.json"), JSON.stringify(outside));
    const listed = new Map(folder.list().map((entry) => [entry.id, entry.damaged]));
    assert.match(listed.get(one.id) ?? "", /can't be read/);
    assert.match(listed.get(two.id) ?? "", /outside its folder/);
    assert.equal(listed.get(three.id), null);
  });

  it("removes the old ones, never the newest nor what is spared, and what dead processes left", async (t) => {
    const { folder, driver, home } = await scene(t);
    const root = path.join(home, "data", "backups");
    const ids: string[] = [];
    for (const day of ["01", "02", "03", "04"]) {
      const { id } = await create(folder, driver);
      ids.push(id.replace(/^\d{8}/, `202401${day}`));
      renameSync(path.join(root, id), path.join(root, ids.at(-1) ?? ""));
    }
    const [dead, alive] = ["20240101T000000-00000001.partial", "20240101T000000-00000002.partial"].map((name) => path.join(root, name)) as [
      string,
      string,
    ];
    for (const partial of [dead, alive]) mkdirSync(partial);
    writeFileSync(path.join(alive, "pid"), String(process.pid));
    const now = new Date("2024-01-05T00:00:00Z");
    assert.deepEqual(await folder.prune({ keep: 2, maxAgeDays: 90, now, spare: new Set([ids[0] ?? ""]) }), [ids[1]]);
    assert.ok(!existsSync(dead) && existsSync(alive), "one is under way");
    assert.deepEqual(await folder.prune({ keep: 9, maxAgeDays: 1, now: new Date("2025-01-01"), spare: new Set() }), [ids[2], ids[0]]);
    assert.deepEqual(
      folder.list().map(({ id }) => id),
      [ids[3]],
    );
  });

  it("keeps nothing of a backup that fails", async (t) => {
    const { folder, driver, home } = await scene(t, { ...HOST, create: () => Promise.reject(new Error("the cloud is down")) });
    await assert.rejects(create(folder, driver), { code: "ERR_UPGATE_BACKUP_FAILED", message: /the cloud is down/ });
    assert.deepEqual(readdirSync(path.join(home, "data", "backups")), []);
  });
});

describe("the host's own driver", () => {
  it("is asked to restore, or the operator is told to", async (t) => {
    const asked: string[] = [];
    const { folder, driver, options } = await scene(t, { ...HOST, restore: async ({ reference }) => void asked.push(reference) });
    const manifest = await create(folder, driver);
    const ask = restoreCall();
    await (await driverFor(manifest, options)).restore({ ...ask, folder: folder.folderOf(manifest.id), manifest });
    assert.deepEqual([asked, ask.parts], [["snap-1"], ["database"]]);
    const byHand = await driverFor(manifest, { ...options, host: HOST });
    await assert.rejects(byHand.restore({ ...ask, folder: folder.folderOf(manifest.id), manifest }), {
      remedy: /by hand: snapshot calls it snap-1/,
    });
    await assert.rejects(driverFor(manifest, { ...options, host: null }), { code: "ERR_UPGATE_NO_BACKUP_DRIVER" });
  });
});
