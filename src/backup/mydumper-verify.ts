import path from "node:path";
import { availableParallelism } from "node:os";
import type { BackupTable, ReadBackupCall } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { dumpFile, readDump } from "./dump-read.js";
import { DumpScanner } from "./dump-scanner.js";
import { damage } from "./failure.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";
import { type ReadRowsOptions, readRowIndex, readRows } from "./row-files.js";

/** More files at once than this help nobody: one thread looks through all of them. */
const MOST_AT_ONCE = 3;

/** Reads a backup of mydumper's to its end. Throws `ERR_UPGATE_BACKUP_DAMAGED`. */
export async function verifyMydumper(call: ReadBackupCall, searchPath: string): Promise<BackupTable[]> {
  const quiet = { ...call, onProgress: (): void => undefined };
  const structure = await readDump(dumpFile(call.folder, call.manifest), quiet, { path: searchPath }, null);
  const index = readRowIndex(call.folder);
  const strange = [...index.keys()].find((name) => !structure.some((table) => table.name === name && table.rows !== null));
  if (strange !== undefined)
    throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `The backup has rows of a table that it does not have: ${strange}.`);
  const rows = await countAll(
    call,
    searchPath,
    [...index].flatMap(([table, files]) => files.map((file) => ({ table, file }))),
  );
  return structure.map((table) => (table.rows === null ? table : { name: table.name, rows: rows.get(table.name) ?? 0 }));
}

async function countAll(
  call: ReadBackupCall,
  searchPath: string,
  waiting: { readonly table: string; readonly file: string }[],
): Promise<ReadonlyMap<string, number>> {
  const rows = new Map<string, number>();
  const progress = new ProgressTeller(call, null);
  using stop = stopWith(call.signal);
  const options = { path: searchPath, signal: stop.signal };
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { table, file } = next;
      const count = await countRows(path.join(call.folder, file), options, (bytes) => progress.advance(bytes, table));
      rows.set(table, (rows.get(table) ?? 0) + count);
    }
  };
  try {
    await together(
      stop,
      Array.from({ length: Math.min(MOST_AT_ONCE, availableParallelism()) }, () => work()),
    );
  } catch (error) {
    throw damage(error, call.signal);
  }
  return rows;
}

async function countRows(file: string, options: ReadRowsOptions, onBytes: (bytes: number) => void): Promise<number> {
  const scanner = new DumpScanner();
  await readRows(file, options, (chunk) => {
    scanner.push(chunk);
    onBytes(chunk.length);
  });
  if (!scanner.isBetweenStatements) throw new Error(`${path.basename(file)} ends within a statement.`);
  return scanner.inventory.tables.get("") ?? 0;
}
