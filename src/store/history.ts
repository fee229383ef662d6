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
  const rows = await knex<MigrationRow>("upgate_migration").orderBy("started_at").orderBy("name");
  return rows.map((row) => ({
    name: row.name,
    version: row.version,
    sha256: row.sha256,
    runId: row.run_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
  }));
}

export interface HistoryRow extends HistoryEntry {
  /** That were sent; null where it is not known. */
  readonly statements: number | null;
}

/** SQLite takes 32,766 variables, MySQL 65,535. */
const MOST_ROWS = 500;

/** Writes rows over those of the same migrations: one that is tried again keeps its row. */
export async function upsertHistory(knex: Knex, rows: readonly HistoryRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += MOST_ROWS) {
    const some = rows.slice(from, from + MOST_ROWS).map(toRow);
    await knex<MigrationRow>("upgate_migration").insert(some).onConflict("name").merge();
  }
}

function toRow({ name, version, sha256, runId, startedAt, finishedAt, durationMs, statements }: HistoryRow): MigrationRow {
  return { name, version, sha256, run_id: runId, started_at: startedAt, finished_at: finishedAt, duration_ms: durationMs, statements };
}

/** A migration that was applied without upgate; one that the history has already stays as it is. */
export async function insertApplied(
  knex: Knex,
  entry: Pick<HistoryEntry, "name" | "version" | "sha256" | "runId" | "startedAt" | "finishedAt">,
): Promise<void> {
  const { name, version, sha256, runId, startedAt, finishedAt } = entry;
  const row = { name, version, sha256, run_id: runId, started_at: startedAt, finished_at: finishedAt, duration_ms: null, statements: null };
  await knex<MigrationRow>("upgate_migration").insert(row).onConflict("name").ignore();
}
