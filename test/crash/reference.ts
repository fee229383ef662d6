import { pathToFileURL } from "node:url";
import type { Knex } from "knex";
import type { BackfillOptions, BackfillResult } from "../../src/core/backfill.js";
import type { MigrationContext, MigrationModule } from "../../src/core/migration.js";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import { type Chapter, newLog } from "./chapter.js";
import { isStep, readLog } from "./log.js";
import { type Outcome, readOutcome } from "./outcome.js";

export interface Reference {
  readonly outcome: Outcome;
  /** The steps' names, in their order. */
  readonly steps: readonly string[];
}

/** What the migrations do by plain knex, as its own migrator calls them: nothing of upgate's engine is in between. */
export async function makeReference(chapter: Chapter, address: string, sinceMs: number): Promise<Reference> {
  const log = newLog();
  process.env["UPGATE_CRASH_LOG"] = log;
  const source = databaseSource(address, process.cwd());
  const knex = connectHost(source);
  try {
    // knex rebuilds a SQLite table by dropping the old one, which would take every child row along.
    if (source.dialect === "sqlite") await knex.raw("PRAGMA foreign_keys = OFF");
    for (const file of chapter.files) {
      const { up, config } = (await import(pathToFileURL(file).href)) as MigrationModule;
      if (config?.transaction === false) await up(knex, plainContext(knex));
      else await knex.transaction(async (trx) => void (await up(trx, plainContext(trx))));
    }
  } finally {
    await knex.destroy();
  }
  const steps = readLog(log).filter(isStep);
  return { outcome: await readOutcome(address, sinceMs), steps: steps.map(({ step }) => step) };
}

/** The least that `ctx` can be. */
function plainContext(knex: Knex): MigrationContext {
  return {
    rehearsal: false,
    signal: new AbortController().signal,
    log: console,
    step: async (name, effect) => effect({ idempotencyKey: name }),
    backfill: (options) => plainBackfill(knex, options),
  };
}

/** One plain UPDATE, or all rows in one batch. */
async function plainBackfill(knex: Knex, { table, key = "id", where, columns = [], update }: BackfillOptions): Promise<BackfillResult> {
  const query = knex(table);
  where?.(query);
  if (typeof update !== "function") return { rows: await query.update(update), batches: 1 };
  const rows = (await query.orderBy(key).select([key, ...columns])) as Record<string, unknown>[];
  await update(rows, async (each) => each);
  return { rows: rows.length, batches: 1 };
}
