import type { Knex } from "knex";
import type { HistoryEntry } from "../core/migration.js";
import { orAbsent } from "./driver-errors.js";
import { readFact } from "./facts.js";

/** Holds a JSON array of names. The migrations' rows stay: a file that comes back must not run again. */
const FORGOTTEN = "forgotten-migrations";

/** Applied migrations whose files are known to be gone for good. Absent table = none. */
export async function readForgotten(knex: Knex): Promise<ReadonlySet<string>> {
  const value = await orAbsent(() => readFact(knex, FORGOTTEN), null);
  return new Set(value === null ? [] : (JSON.parse(value) as string[]));
}

/** The caller holds the lease. */
export async function addForgotten(knex: Knex, migration: string): Promise<void> {
  const names = [...(await readForgotten(knex)), migration];
  await knex("upgate_fact")
    .insert({ name: FORGOTTEN, value: JSON.stringify(names) })
    .onConflict("name")
    .merge();
}

/** Records another checksum of an applied migration; returns the one that it had. */
export async function replaceChecksum(knex: Knex, name: string, sha256: string): Promise<string> {
  const row: { sha256: string } = await knex("upgate_migration").where({ name }).first("sha256");
  await knex("upgate_migration").where({ name }).update({ sha256 });
  return row.sha256;
}

/** Writes a migration down as applied, also one that was begun before. */
export async function recordSkipped(
  knex: Knex,
  { name, version, sha256, runId, startedAt, finishedAt }: Omit<HistoryEntry, "durationMs">,
): Promise<void> {
  const row = { name, version, sha256, run_id: runId, started_at: startedAt, finished_at: finishedAt, duration_ms: null, statements: null };
  await knex("upgate_migration").insert(row).onConflict("name").merge();
}
