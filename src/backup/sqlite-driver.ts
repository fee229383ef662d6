import { createWriteStream, rmSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Knex } from "knex";
import type { BackupDriver, BackupTable, ReadBackupCall, RestoreBackupCall } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { decompress } from "./compression.js";
import { damage, restoreFailure } from "./failure.js";
import { momentFolder } from "./leftovers.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";
import { BACKUP, countTables, removeDatabaseFile, requireIntegrity, withAttached } from "./sqlite-attached.js";
import { createSqliteBackup, SQLITE_FILE } from "./sqlite-create.js";
import { restoreInPlace } from "./sqlite-restore.js";

interface SqliteOptions {
  readonly knex: Knex;
  readonly workDir: string;
  readonly env?: { readonly PATH?: string | undefined };
}

/** SQLite has no parts: one transaction brings all of it back. */
const WHOLE = "database";

/** Backups of SQLite by SQLite itself, over the connection that is there. `filename`: of the database. */
export function sqliteDriver({ knex, workDir, env = process.env }: SqliteOptions, filename: string): BackupDriver {
  const searchPath = env["PATH"] ?? "";
  return {
    name: "sqlite",
    create: (call) => createSqliteBackup(knex, searchPath, call),
    verify: (call) => inWorkDir(workDir, (file) => verify(knex, file, searchPath, call)),
    restore: async (call) => {
      if (call.done.has(WHOLE)) return;
      if (call.scratch !== null && path.resolve(call.scratch) === path.resolve(filename))
        throw new UpgateError("ERR_UPGATE_RESTORE_FAILED", "The scratch file is the database itself.");
      await call.beforePart(WHOLE);
      if (call.scratch === null) await inWorkDir(workDir, (file) => intoDatabase(knex, file, searchPath, call));
      else await intoScratch(call.scratch, searchPath, call);
    },
  };
}

async function inWorkDir<T>(workDir: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = momentFolder(workDir, "sqlite");
  try {
    return await work(path.join(folder, SQLITE_FILE));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function verify(knex: Knex, file: string, searchPath: string, call: ReadBackupCall): Promise<readonly BackupTable[]> {
  await unpack(file, searchPath, call);
  try {
    return await withAttached(knex, file, async () => {
      await requireIntegrity(knex, BACKUP);
      return countTables(knex, BACKUP);
    });
  } catch (error) {
    throw damage(error, call.signal);
  }
}

async function intoDatabase(knex: Knex, file: string, searchPath: string, call: RestoreBackupCall): Promise<void> {
  await unpack(file, searchPath, call);
  try {
    await withAttached(knex, file, () =>
      knex.transaction(async (trx) => {
        await restoreInPlace(trx, call.keep);
        call.signal.throwIfAborted();
        await call.onPart(WHOLE, trx);
      }),
    );
  } catch (error) {
    throw restoreFailure(error, WHOLE, call.signal);
  }
}

async function intoScratch(file: string, searchPath: string, call: RestoreBackupCall): Promise<void> {
  removeDatabaseFile(file);
  await unpack(file, searchPath, call);
  await call.onPart(WHOLE, null);
}

async function unpack(file: string, searchPath: string, call: ReadBackupCall): Promise<void> {
  const packed = call.manifest.files.find(({ name }) => name.startsWith(`${SQLITE_FILE}.`));
  if (!packed) throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", "The manifest names no database file.");
  using stop = stopWith(call.signal);
  try {
    const { output, works } = decompress(path.join(call.folder, packed.name), searchPath, stop.signal);
    const progress = new ProgressTeller(call, null);
    output.on("data", (chunk: Buffer) => progress.advance(chunk.length, null));
    const written = pipeline(output, createWriteStream(file, { mode: 0o600 }), { signal: stop.signal });
    await together(stop, [written, ...works]);
  } catch (error) {
    removeDatabaseFile(file);
    throw damage(error, call.signal);
  }
}
