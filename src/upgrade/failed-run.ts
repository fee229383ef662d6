import { type KeptStatements, keptStatements } from "../core/kept-statements.js";
import type { RunError } from "../core/run.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLatestSteps } from "../store/journal.js";
import type { Store } from "../store/store.js";

const MOST_STEPS = 500;

/** What the migration that failed has done before, and what stays done. */
export async function readKept({ knex, dialect }: Store, runId: string, error: RunError | null): Promise<KeptStatements> {
  if (!error?.migration) return { statements: [], more: 0 };
  const entries = await orAbsent(() => readLatestSteps(knex, runId, MOST_STEPS), []);
  return keptStatements(runId, error.migration, entries, error.statement ?? null, dialect);
}
