import { availableParallelism } from "node:os";
import type { Knex } from "knex";
import { mysqlRows } from "./server-facts.js";
import { quoted } from "./surplus.js";

/** Nor does a later process look for more sessions of a restore. */
const MOST_THREADS = 8;
/** Of rows in one file. */
const CHUNK_BYTES = 64 * 1024 * 1024;
/** A table's files: thousands of them cost more than they bring. */
const MOST_CHUNKS = 1000;
const LEAST_ROWS = 1000;

/** At a guess, as the server's catalogue has them. */
export interface TableSizes {
  bytesOf(table: string): number;
  /** Of one of the ranges that a table is divided into. */
  chunkBytesOf(table: string): number;
}

/** How mydumper is to go about a database. */
export interface MydumperPlan {
  readonly threads: number;
  /** Rows in a file; null: each table in one. */
  readonly chunkRows: number | null;
  readonly sizes: TableSizes;
  readonly totalBytes: number;
  /** MariaDB's sequences: mydumper takes them for tables. */
  readonly sequences: readonly string[];
}

export interface CataloguedTable {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}

/** So many programs or threads at once; for the server's sake not more. */
export const threadCount = (): number => Math.min(MOST_THREADS, availableParallelism());

export async function planMydumper(knex: Knex): Promise<MydumperPlan> {
  const found = await mysqlRows(
    knex,
    "SELECT table_name AS name, table_type AS kind, COALESCE(data_length, 0) AS bytes, COALESCE(table_rows, 0) AS n " +
      "FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'",
  );
  const tables = found.map(({ name, bytes, n }) => ({ name: String(name), bytes: Number(bytes), rows: Number(n) }));
  const chunkRows = (await hasEndlessKey(knex)) ? null : chunkRowsFor(tables);
  return {
    threads: threadCount(),
    chunkRows,
    sizes: sizesOf(tables, chunkRows),
    totalBytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    sequences: found.filter(({ kind }) => kind === "SEQUENCE").map(({ name }) => String(name)),
  };
}

/** By the largest table, whose parts are to be worked on at the same time. */
export function chunkRowsFor(tables: readonly CataloguedTable[]): number {
  const largest = tables.reduce((one, other) => (other.bytes > one.bytes ? other : one), { name: "", bytes: 0, rows: 0 });
  const mostRows = Math.max(0, ...tables.map(({ rows }) => rows));
  const bySize = (CHUNK_BYTES * largest.rows) / Math.max(1, largest.bytes);
  return Math.max(LEAST_ROWS, Math.ceil(bySize), Math.ceil(mostRows / MOST_CHUNKS));
}

function sizesOf(tables: readonly CataloguedTable[], chunkRows: number | null): TableSizes {
  const byName = new Map(tables.map((table) => [table.name, table]));
  return {
    bytesOf: (name) => byName.get(name)?.bytes ?? 0,
    chunkBytesOf: (name) => {
      const { bytes, rows } = byName.get(name) ?? { bytes: 0, rows: 0 };
      return (bytes * (chunkRows ?? rows)) / Math.max(1, rows);
    },
  };
}

/** mydumper counts through the keys' range in 64 bits, and beyond the last of them for ever. */
async function hasEndlessKey(knex: Knex): Promise<boolean> {
  const keys = await mysqlRows(
    knex,
    "SELECT DISTINCT s.table_name AS name, s.column_name AS part FROM information_schema.statistics s JOIN information_schema.columns c " +
      "ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name " +
      "WHERE s.table_schema = DATABASE() AND s.seq_in_index = 1 AND c.column_type LIKE 'bigint%unsigned%'",
  );
  for (const { name, part } of keys) {
    const sql = `SELECT 1 FROM ${quoted(String(name))} WHERE ${quoted(String(part))} > 9223372036854775807 LIMIT 1`;
    if ((await mysqlRows(knex, sql.replaceAll("?", "\\?"))).length > 0) return true;
  }
  return false;
}
