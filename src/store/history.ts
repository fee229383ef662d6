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

/** Writes the migration's row before its first statement; a migration that is tried again keeps its row. */
export async function recordStart(
  knex: Knex,
  entry: Pick<HistoryEntry, "name" | "version" | "sha256" | "runId" | "startedAt">,
): Promise<void> {
  const row = {
    name: entry.name,
    version: entry.version,
    sha256: entry.sha256,
    run_id: entry.runId,
    started_at: entry.startedAt,
    finished_at: null,
    duration_ms: null,
    statements: null,
  };
  await knex<MigrationRow>("upgate_migration").insert(row).onConflict("name").merge();
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

/** Plain SQL, because it also runs inside a migration's transaction, on the host's knex: its `wrapIdentifier` must not matter. */
export async function recordFinish(
  knex: Knex,
  name: string,
  finish: { finishedAt: string; durationMs: number; statements: number },
): Promise<void> {
  await knex.raw("UPDATE upgate_migration SET finished_at = ?, duration_ms = ?, statements = ? WHERE name = ?", [
    finish.finishedAt,
    finish.durationMs,
    finish.statements,
    name,
  ]);
}
