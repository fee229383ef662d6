import { rmSync } from "node:fs";
import type { Knex } from "knex";
import type { BackupTable } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";

/** The name of the second file beside `main`. */
export const BACKUP = "upgate_backup";

export type Row = Readonly<Record<string, unknown>>;

export const rowsOf = async (knex: Knex, sql: string): Promise<Row[]> => (await knex.raw(sql)) as Row[];
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A row of SQLite's own list of tables. */
export interface SqliteTable {
  readonly name: string;
  readonly type: "table" | "view" | "virtual" | "shadow";
  /** It has no rowid. */
  readonly withoutRowid: boolean;
}

/** Tables and views without SQLite's own. */
export async function listTables(knex: Knex, schema: string): Promise<SqliteTable[]> {
  const rows = await rowsOf(knex, `PRAGMA ${schema}.table_list`);
  return rows
    .filter((row) => row["schema"] === schema && !String(row["name"]).startsWith("sqlite_"))
    .map((row) => ({ name: String(row["name"]), type: row["type"] as SqliteTable["type"], withoutRowid: Number(row["wr"]) === 1 }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** With their rows; a virtual table's shadow tables are its own affair. */
export async function countTables(knex: Knex, schema: string): Promise<BackupTable[]> {
  const tables: BackupTable[] = [];
  for (const { name, type } of await listTables(knex, schema)) {
    if (type === "shadow") continue;
    const [row] = type === "view" ? [] : await rowsOf(knex, `SELECT COUNT(*) AS n FROM ${schema}.${identifier(name)}`);
    tables.push({ name, rows: row ? Number(row["n"]) : null });
  }
  return tables;
}

/** Throws `ERR_UPGATE_BACKUP_DAMAGED`. */
export async function requireIntegrity(knex: Knex, schema: string): Promise<void> {
  const [row = {}] = await rowsOf(knex, `PRAGMA ${schema}.integrity_check(1)`);
  const said = String(Object.values(row)[0]);
  if (said !== "ok") throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `SQLite's integrity check says of the backup: ${said}`);
}

/** Attaches a file for the time of `work`, with foreign keys off meanwhile: between half-filled tables they would only be in the way. */
export async function withAttached<T>(knex: Knex, file: string, work: () => Promise<T>): Promise<T> {
  const [keys] = await rowsOf(knex, "PRAGMA foreign_keys");
  await knex.raw("PRAGMA foreign_keys = OFF");
  await knex.raw("PRAGMA ignore_check_constraints = ON");
  try {
    await knex.raw(`ATTACH DATABASE ${text(file)} AS ${BACKUP}`);
    try {
      return await work();
    } finally {
      await knex.raw(`DETACH DATABASE ${BACKUP}`);
    }
  } finally {
    await knex.raw("PRAGMA ignore_check_constraints = OFF");
    await knex.raw(`PRAGMA foreign_keys = ${Number(keys?.["foreign_keys"])}`);
  }
}

export function removeDatabaseFile(file: string): void {
  for (const ending of ["", "-journal", "-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
}
