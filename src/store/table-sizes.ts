import type { Knex } from "knex";
import type { Dialect } from "./connect.js";

/** Rows of a table; `over`: there are more than were counted. */
export interface RowCount {
  readonly kind: "exact" | "about" | "over";
  readonly count: number;
}

export interface TableSize {
  readonly table: string;
  readonly rows: RowCount;
  /** With its indexes, as they lie on the disk; null where that can't be told quickly. */
  readonly bytes: number | null;
}

/** SQLite counts row by row. */
const MOST_COUNTED = 100_000;
/** SQLite reads each page of a table to measure it, and serves nobody meanwhile. */
const MEASURED_BYTES = 64 * 1024 * 1024;

/**
 * Of the tables of the given names that there are, in no order; names without a database. On MySQL and MariaDB the server's estimates, which may be
 * a day old; on SQLite exact up to 100,000 rows, and bytes only where the whole database has at most 64 MiB. Views have no size.
 */
export async function readTableSizes(knex: Knex, dialect: Dialect, names: readonly string[]): Promise<TableSize[]> {
  if (names.length === 0) return [];
  return dialect === "mysql" ? readMysqlSizes(knex, names) : readSqliteSizes(knex, names);
}

async function readMysqlSizes(knex: Knex, names: readonly string[]): Promise<TableSize[]> {
  const rows: { name: string; row_count: number | string | null; bytes: number | string | null }[] = await knex("information_schema.tables")
    .select(knex.raw("table_name as name, table_rows as row_count, data_length + index_length as bytes"))
    .whereRaw("table_schema = database() and table_type <> 'VIEW'")
    .whereIn("table_name", [...names]);
  return rows.map(({ name, row_count, bytes }) => ({
    table: name,
    rows: { kind: "about", count: Number(row_count ?? 0) },
    bytes: bytes === null ? null : Number(bytes),
  }));
}

async function readSqliteSizes(knex: Knex, names: readonly string[]): Promise<TableSize[]> {
  const wanted = names.map((name) => name.toLowerCase());
  const present: { name: string }[] = await knex("sqlite_master")
    .select("name")
    .where("type", "table")
    .whereRaw(`lower(name) in (${wanted.map(() => "?").join(", ")})`, wanted);
  const bytes = await readPages(
    knex,
    present.map(({ name }) => name),
  );
  const sizes: TableSize[] = [];
  for (const { name } of present) sizes.push({ table: name, rows: await countRows(knex, name), bytes: bytes?.get(name) ?? null });
  return sizes;
}

async function countRows(knex: Knex, table: string): Promise<RowCount> {
  const some = knex(table)
    .select(knex.raw("1"))
    .limit(MOST_COUNTED + 1)
    .as("some");
  const { count } = (await knex.from(some).count({ count: "*" }).first()) as { count: number };
  return Number(count) > MOST_COUNTED ? { kind: "over", count: MOST_COUNTED } : { kind: "exact", count: Number(count) };
}

/** Bytes of each table with its indexes; null where the database is too large, or SQLite was compiled without `dbstat`. */
async function readPages(knex: Knex, tables: readonly string[]): Promise<Map<string, number> | null> {
  const number = async (sql: string): Promise<number> =>
    Number(Object.values(((await knex.raw(sql)) as Record<string, number>[])[0] ?? {})[0]);
  if (tables.length === 0 || (await number("PRAGMA page_count")) * (await number("PRAGMA page_size")) > MEASURED_BYTES) return null;
  const marks = tables.map(() => "?").join(", ");
  try {
    const rows = (await knex.raw(
      `SELECT m.tbl_name AS name, SUM(s.pgsize) AS bytes FROM sqlite_master m JOIN dbstat s ON s.name = m.name WHERE m.tbl_name IN (${marks}) GROUP BY m.tbl_name`,
      [...tables],
    )) as { name: string; bytes: number }[];
    return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
  } catch (error) {
    if (/no such table: dbstat|no such module/i.test(String((error as Error).message))) return null;
    throw error;
  }
}
