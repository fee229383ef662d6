import type { Knex } from "knex";
import type { BackfillJournal, BackfillOptions, BackfillResult } from "../core/backfill.js";
import type { Clock } from "../core/ports.js";

export async function runBackfill(
  options: BackfillOptions,
  journal: BackfillJournal,
  deps: { knex: Knex; clock: Clock; signal?: AbortSignal },
): Promise<BackfillResult> {
  throw new Error(`${options.table} ${await journal.load()} ${deps.clock}`);
}
