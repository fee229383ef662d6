import type { Knex } from "knex";
import { messageOf } from "../core/errors.js";
import { BACKUP, identifier, listTables, type Row, rowsOf, type SqliteTable, text } from "./sqlite-attached.js";

/**
 * Inside a transaction of the one connection to which the backup is attached: replaces everything in `main` by what the backup holds,
 * except the tables of `keep` with their indexes and triggers.
 */
export async function restoreInPlace(trx: Knex, keep: readonly string[]): Promise<void> {
  const kept = new Set(keep);
  await copySettings(trx);
  await dropAll(trx, kept);
  const masters = (
    await rowsOf(trx, `SELECT type, name, tbl_name, sql FROM ${BACKUP}.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid`)
  ).filter((row) => !kept.has(String(row["tbl_name"])) && !String(row["name"]).startsWith("sqlite_"));
  const tables = (await listTables(trx, BACKUP)).filter(({ name, type }) => type !== "view" && !kept.has(name));
  const shadows = new Set(tables.filter(({ type }) => type === "shadow").map(({ name }) => name));
  // A virtual table makes its shadow tables itself.
  await make(trx, masters, (row) => row["type"] === "table" && !shadows.has(String(row["name"])));
  for (const table of tables.filter(({ type }) => type === "table")) await copyRows(trx, table);
  for (const table of tables.filter(({ type }) => type === "virtual")) await copyVirtual(trx, table.name, tables);
  await copySequences(trx, keep);
  await make(trx, masters, (row) => row["type"] === "index");
  await make(trx, masters, (row) => row["type"] === "view");
  await make(trx, masters, (row) => row["type"] === "trigger");
}

/** The first write of the transaction: it takes the lock, before anything is read. */
async function copySettings(trx: Knex): Promise<void> {
  for (const name of ["user_version", "application_id"]) {
    const [row] = await rowsOf(trx, `PRAGMA ${BACKUP}.${name}`);
    await trx.raw(`PRAGMA main.${name} = ${Number(row?.[name])}`);
  }
}

async function dropAll(trx: Knex, kept: ReadonlySet<string>): Promise<void> {
  const objects = await rowsOf(trx, "SELECT type, name, tbl_name FROM main.sqlite_master WHERE type IN ('trigger', 'view')");
  for (const { type, name, tbl_name } of objects.toSorted((one) => (one["type"] === "trigger" ? -1 : 1)))
    if (!kept.has(String(tbl_name))) await trx.raw(`DROP ${String(type)} IF EXISTS main.${identifier(String(name))}`);
  const tables = (await listTables(trx, "main")).filter(({ name }) => !kept.has(name));
  for (const kind of ["virtual", "table"])
    for (const { name } of tables.filter(({ type }) => type === kind)) await trx.raw(`DROP TABLE IF EXISTS main.${identifier(name)}`);
}

/** Names without a schema are of `main`. */
async function make(trx: Knex, masters: readonly Row[], wanted: (row: Row) => boolean): Promise<void> {
  for (const row of masters.filter(wanted)) await trx.raw(String(row["sql"]));
}

async function copyRows(trx: Knex, { name, withoutRowid }: SqliteTable): Promise<void> {
  const columns = await rowsOf(trx, `PRAGMA ${BACKUP}.table_xinfo(${text(name)})`);
  const names = columns.filter((column) => Number(column["hidden"]) === 0).map((column) => identifier(String(column["name"])));
  const keys = columns.filter((column) => Number(column["pk"]) > 0);
  const keyIsRowid = keys.length === 1 && String(keys[0]?.["type"]).toUpperCase() === "INTEGER";
  const hidden = columns.some((column) => String(column["name"]).toLowerCase() === "rowid");
  // Full-text indexes find the rows of other tables by it.
  if (!withoutRowid && !keyIsRowid && !hidden) names.push("rowid");
  await trx.raw(`INSERT INTO main.${identifier(name)} (${names.join(", ")}) SELECT ${names.join(", ")} FROM ${BACKUP}.${identifier(name)}`);
}

/** By its shadow tables; where the driver protects those (better-sqlite3), by the table itself. */
async function copyVirtual(trx: Knex, name: string, tables: readonly SqliteTable[]): Promise<void> {
  const shadows = tables.filter((table) => table.type === "shadow" && table.name.startsWith(`${name}_`));
  try {
    for (const shadow of shadows) {
      await trx.raw(`DELETE FROM main.${identifier(shadow.name)}`);
      await copyRows(trx, shadow);
    }
  } catch (error) {
    if (!/may not be modified/.test(messageOf(error))) throw error;
    await copyThrough(trx, name);
  }
}

async function copyThrough(trx: Knex, name: string): Promise<void> {
  const [made] = await rowsOf(trx, `SELECT sql FROM ${BACKUP}.sqlite_master WHERE name = ${text(name)}`);
  const definition = String(made?.["sql"]);
  const at = identifier(name);
  if (/fts\d/i.test(definition) && /content\s*=\s*['"]?\w/i.test(definition)) {
    await trx.raw(`INSERT INTO main.${at} (${at}) VALUES ('rebuild')`);
    return;
  }
  const columns = await rowsOf(trx, `PRAGMA ${BACKUP}.table_xinfo(${text(name)})`);
  const names = columns.filter((column) => Number(column["hidden"]) === 0).map((column) => identifier(String(column["name"])));
  const list = (/fts\d/i.test(definition) ? ["rowid", ...names] : names).join(", ");
  await trx.raw(`INSERT INTO main.${at} (${list}) SELECT ${list} FROM ${BACKUP}.${at}`);
}

/** Where AUTOINCREMENT has come to; what the planner knows. Both tables are SQLite's own and made by it. */
async function copySequences(trx: Knex, keep: readonly string[]): Promise<void> {
  const has = async (schema: string, table: string): Promise<boolean> =>
    (await rowsOf(trx, `SELECT 1 FROM ${schema}.sqlite_master WHERE name = ${text(table)}`)).length > 0;
  const others = (column: string): string => `${column} NOT IN (${["", ...keep].map(text).join(", ")})`;
  if (await has("main", "sqlite_sequence")) {
    await trx.raw(`DELETE FROM main.sqlite_sequence WHERE ${others("name")}`);
    if (await has(BACKUP, "sqlite_sequence"))
      await trx.raw(`INSERT INTO main.sqlite_sequence SELECT * FROM ${BACKUP}.sqlite_sequence WHERE ${others("name")}`);
  }
  if (!(await has(BACKUP, "sqlite_stat1"))) return;
  await trx.raw("ANALYZE main.sqlite_master");
  await trx.raw(`DELETE FROM main.sqlite_stat1 WHERE ${others("tbl")}`);
  await trx.raw(`INSERT INTO main.sqlite_stat1 SELECT * FROM ${BACKUP}.sqlite_stat1 WHERE ${others("tbl")}`);
}
