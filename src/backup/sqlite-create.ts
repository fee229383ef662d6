import { chmodSync, createReadStream, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Knex } from "knex";
import type { BackupTable, CreatedBackup } from "../core/backup.js";
import { compressTo } from "./compression.js";
import { backupFailure } from "./failure.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";
import { BACKUP, countTables, identifier, removeDatabaseFile, requireIntegrity, rowsOf, text, withAttached } from "./sqlite-attached.js";
import type { RecordedCreateCall } from "./written-file.js";

/** Of the compressed file, without its ending. */
export const SQLITE_FILE = "database.sqlite";

/**
 * A copy of one moment, made by SQLite itself; what it must not hold is taken out of the copy, and every byte of that overwritten.
 * A synchronous driver holds the event loop meanwhile.
 */
export async function createSqliteBackup(knex: Knex, searchPath: string, call: RecordedCreateCall): Promise<CreatedBackup> {
  const copy = path.join(call.folder, SQLITE_FILE);
  try {
    // SQLite fills an empty file, and so it is never readable for others.
    writeFileSync(copy, "", { mode: 0o600, flag: "wx" });
    await knex.raw(`VACUUM INTO ${text(copy)}`);
    chmodSync(copy, 0o600);
    call.signal.throwIfAborted();
    const tables = await withAttached(knex, copy, () => prepare(knex, call.exclude));
    call.signal.throwIfAborted();
    const [version] = await rowsOf(knex, "SELECT sqlite_version() AS version");
    const compression = await compress(copy, searchPath, call);
    return { tool: `SQLite ${String(version?.["version"])}, ${compression}`, tables };
  } catch (error) {
    for (const ending of ["zst", "gz"]) rmSync(`${copy}.${ending}`, { force: true });
    throw backupFailure(error, call.signal);
  } finally {
    removeDatabaseFile(copy);
  }
}

async function prepare(knex: Knex, exclude: readonly string[]): Promise<BackupTable[]> {
  // Its journal would hold what is taken out; if this fails, the whole copy goes.
  await knex.raw(`PRAGMA ${BACKUP}.journal_mode = OFF`);
  await knex.raw(`PRAGMA ${BACKUP}.secure_delete = ON`);
  for (const table of exclude) await knex.raw(`DROP TABLE IF EXISTS ${BACKUP}.${identifier(table)}`);
  if (exclude.length > 0) await knex.raw(`VACUUM ${BACKUP}`);
  await requireIntegrity(knex, BACKUP);
  return countTables(knex, BACKUP);
}

async function compress(copy: string, searchPath: string, call: RecordedCreateCall): Promise<string> {
  using stop = stopWith(call.signal);
  const compressed = compressTo(call.folder, SQLITE_FILE, searchPath, stop.signal);
  const progress = new ProgressTeller(call, statSync(copy).size);
  const source = createReadStream(copy, { highWaterMark: 1024 * 1024 });
  source.on("data", (chunk) => progress.advance(chunk.length, null));
  await together(stop, [pipeline(source, compressed.input, { signal: stop.signal }), ...compressed.works]);
  call.onFile?.(await compressed.written);
  return compressed.compression;
}
