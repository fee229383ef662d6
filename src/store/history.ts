import type { Knex } from "knex";
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

/** Writes rows over those of the same migrations: one that is tried again keeps its row. */
export async function upsertHistory(knex: Knex, rows: readonly HistoryRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    const some = rows.slice(from, from + ROWS_A_STATEMENT).map(toRow);
    await knex<MigrationRow>("upgate_migration").insert(some).onConflict("name").merge();
  }
}

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
