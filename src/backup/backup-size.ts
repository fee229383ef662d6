import { statfs } from "node:fs/promises";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { mysqlRows } from "./server-facts.js";

export interface BackupEstimate {
  /** Of the tables' rows as they lie on the disk, at a guess. */
  readonly totalBytes: number;
  readonly tables: number;
}

/**
 * A compressed dump of real applications comes to 10 to 30 % of its rows, and what is compressed already, images and such, grows by the
 * escapes of the dump up to the half; zstd and gzip take those away again. So a backup is hardly ever larger than the rows themselves.
 */
const MYSQL_FACTOR = 1;
/** The copy and the compressed file are there at the same time. */
const SQLITE_FACTOR = 2;
/** For the files beside it, and for the database itself where it shares the disk. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/** A quick look into the catalogue; nothing is counted. */
export async function estimateBackup(knex: Knex, dialect: "mysql" | "sqlite"): Promise<BackupEstimate> {
  if (dialect === "sqlite") return estimateSqlite(knex);
  const [row] = await mysqlRows(
    knex,
    "SELECT COALESCE(SUM(data_length), 0) AS bytes, COUNT(*) AS tables FROM information_schema.tables " +
      "WHERE table_schema = DATABASE() AND table_type <> 'VIEW'",
  );
  return { totalBytes: Number(row?.["bytes"]), tables: Number(row?.["tables"]) };
}

async function estimateSqlite(knex: Knex): Promise<BackupEstimate> {
  const number = async (sql: string): Promise<number> => {
    const [row = {}] = (await knex.raw(sql)) as Record<string, number>[];
    return Number(Object.values(row)[0]);
  };
  const tables = await number("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  return { totalBytes: (await number("PRAGMA page_count")) * (await number("PRAGMA page_size")), tables };
}

/** `folder` exists. Throws `ERR_UPGATE_BACKUP_SPACE`, before anything was written. */
export async function refuseWithoutRoom(folder: string, { totalBytes }: BackupEstimate, dialect: "mysql" | "sqlite"): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = totalBytes * (dialect === "sqlite" ? SQLITE_FACTOR : MYSQL_FACTOR) + RESERVE_BYTES;
  if (free >= needed) return;
  throw new UpgateError("ERR_UPGATE_BACKUP_SPACE", `The backup may need ${mib(needed)} MiB; ${mib(free)} MiB are free beside ${folder}.`);
}

const mib = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);
