import type { Knex } from "knex";

/** A migration that has been applied. */
export interface AppliedMigration {
  readonly name: string;
  readonly version: string;
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Wall time in ms; null where it is not known. */
  readonly durationMs: number | null;
  /** Null where it is not known. */
  readonly statements: number | null;
}

interface AppliedRow {
  name: string;
  version: string;
  run_id: string;
  finished_at: string;
  duration_ms: number | string | null;
  statements: number | string | null;
}

/** The migrations applied last, newest first. */
export async function readApplied(knex: Knex, limit: number): Promise<AppliedMigration[]> {
  const rows = await knex<AppliedRow>("upgate_migration")
    .whereNotNull("finished_at")
    .orderBy([
      { column: "finished_at", order: "desc" },
      { column: "started_at", order: "desc" },
      { column: "name", order: "desc" },
    ])
    .limit(limit);
  return rows.map(fromRow);
}

/** Of these runs, in the order in which they were applied; `limit`: of all of them together. */
export async function readAppliedOf(knex: Knex, runIds: readonly string[], limit: number): Promise<AppliedMigration[]> {
  const rows = await knex<AppliedRow>("upgate_migration")
    .whereNotNull("finished_at")
    .whereIn("run_id", runIds)
    .orderBy([
      { column: "started_at", order: "desc" },
      { column: "name", order: "desc" },
    ])
    .limit(limit);
  return rows.map(fromRow).toReversed();
}

function fromRow(row: AppliedRow): AppliedMigration {
  return {
    name: row.name,
    version: row.version,
    runId: row.run_id,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
    statements: row.statements === null ? null : Number(row.statements),
  };
}
