import type { Knex } from "knex";
import type { BackfillResult, StandaloneBackfillOptions } from "../core/backfill.js";

/**
 * Changes many rows in batches of about 250 ms, each in a transaction of its own, outside an upgrade: in a script, a job or a
 * running application. `knex`: an instance on MySQL, MariaDB or SQLite, no transaction. Migrations have `ctx.backfill` instead.
 * Throws `ERR_UPGATE_MIGRATION_STEP` for options or a key that are not usable, before anything is written, and when the place
 * was moved by another process; else what the database or `update` threw, with the batches before it committed.
 */
export async function backfill(knex: Knex, options: StandaloneBackfillOptions): Promise<BackfillResult> {
  // Loaded when it is called: the package's import stays light.
  const { runStandaloneBackfill } = await import("./standalone-backfill-run.js");
  return runStandaloneBackfill(knex, options);
}
