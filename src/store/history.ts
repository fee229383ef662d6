import type { Knex } from "knex";
import type { Dialect } from "./connect.js";
import { LEASE_NAME } from "./tables.js";
import type { HistoryEntry } from "../core/migration.js";

interface MigrationRow {
  name: string;
  version: string;
  sha256: string;
  run_id: string;
  started_at: string;
  finished_at: string | null;
  duration_ms: number | null;
  statements: number | null;
}

/** All migrations ever started on this database, in the order of their start. */
export async function readHistory(knex: Knex): Promise<HistoryEntry[]> {
  const rows = await knex<MigrationRow>("upgate_migration");
  // Not by the server: without an index it takes as long as all the rest for ten thousand rows, which come by name already.
  return rows.toSorted(byStart).map((row) => ({
    name: row.name,
    version: row.version,
    sha256: row.sha256,
    runId: row.run_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
  }));
}

function byStart(a: MigrationRow, b: MigrationRow): number {
  if (a.started_at !== b.started_at) return a.started_at < b.started_at ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export interface HistoryRow extends HistoryEntry {
  /** That were sent; null where it is not known. */
  readonly statements: number | null;
}

/** Of 8 columns each: SQLite takes 32,766 bindings a statement (`SQLITE_MAX_VARIABLE_NUMBER`), older than 3.32 takes 999. */
const ROWS_A_STATEMENT = 100;

const COLUMNS = [
  "name",
  "version",
  "sha256",
  "run_id",
  "started_at",
  "duration_ms",
  "statements",
  "finished_at",
] as const satisfies readonly (keyof MigrationRow)[];

/**
 * Writes rows, also over unfinished ones of the same migrations; a finished one stays. Only while the lease has that token, looked
 * at in the same statement: one that was held up on its way, or sent by a process that slept, changes nothing.
 */
export async function upsertHistory(knex: Knex, dialect: Dialect, token: number, rows: readonly HistoryRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    const some = rows.slice(from, from + ROWS_A_STATEMENT).map(toRow);
    const first = `SELECT ${COLUMNS.map((column) => `? AS ${column}`).join(", ")}`;
    const other = ` UNION ALL SELECT ${COLUMNS.map(() => "?").join(", ")}`;
    const sql = `INSERT INTO upgate_migration (${COLUMNS.join(", ")}) SELECT n.* FROM (${first}${other.repeat(some.length - 1)}) AS n
      WHERE EXISTS (SELECT 1 FROM upgate_lease WHERE name = ? AND token = ?) ${ON_CONFLICT[dialect]}`;
    await knex.raw(sql, [...some.flatMap((row) => COLUMNS.map((column) => row[column])), LEASE_NAME, token] as Knex.RawBinding[]);
  }
}

/** MySQL assigns from left to right, so `finished_at` comes last. */
const ON_CONFLICT: Readonly<Record<Dialect, string>> = {
  mysql: `ON DUPLICATE KEY UPDATE ${COLUMNS.slice(1)
    .map((column) => `${column} = IF(upgate_migration.finished_at IS NULL, VALUES(${column}), upgate_migration.${column})`)
    .join(", ")}`,
  sqlite: `ON CONFLICT (name) DO UPDATE SET ${COLUMNS.slice(1)
    .map((column) => `${column} = excluded.${column}`)
    .join(", ")} WHERE upgate_migration.finished_at IS NULL`,
};

function toRow({ name, version, sha256, runId, startedAt, finishedAt, durationMs, statements }: HistoryRow): MigrationRow {
  return { name, version, sha256, run_id: runId, started_at: startedAt, finished_at: finishedAt, duration_ms: durationMs, statements };
}

/** Migrations that were applied without upgate; those that the history has already stay as they are. */
export async function insertApplied(
  knex: Knex,
  entries: readonly Pick<HistoryEntry, "name" | "version" | "sha256" | "runId" | "startedAt" | "finishedAt">[],
): Promise<void> {
  const rows = entries.map(({ name, version, sha256, runId, startedAt, finishedAt }) => {
    const times = { started_at: startedAt, finished_at: finishedAt, duration_ms: null };
    return { name, version, sha256, run_id: runId, ...times, statements: null };
  });
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT)
    await knex<MigrationRow>("upgate_migration")
      .insert(rows.slice(from, from + ROWS_A_STATEMENT))
      .onConflict("name")
      .ignore();
}
