import type { Knex } from "knex";
import type { KnexMigration } from "../core/knex-history.js";
import type { HistoryEntry } from "../core/migration.js";
import { readFact, writeFact } from "./facts.js";
import { insertApplied } from "./history.js";
import { baseName, listTables } from "./tables.js";
import type { Dialect } from "./connect.js";

/** Written once upgate has copied knex's history: from then on knex's table is not read any more. */
const TAKEN_OVER = "knex-migrations";

interface KnexRow {
  name: string;
  migration_time: Date | string | number | null;
}

/** What knex's own migrator has recorded; null when there is no such table, or upgate has taken it over. */
export async function readKnexMigrations(knex: Knex, dialect: Dialect, table: string): Promise<KnexMigration[] | null> {
  const tables = await listTables(knex, dialect);
  if (tables.includes("upgate_fact") && (await readFact(knex, TAKEN_OVER)) !== null) return null;
  if (!table.includes(".") && !tables.includes(baseName(table))) return null;
  const rows = await knex<KnexRow>(table).select("name", "migration_time").orderBy("id");
  return rows.map(({ name, migration_time: time }) => ({ name: String(name), appliedAt: timestampOf(time) }));
}

/** Copies the entries into upgate's history, at most once. The caller holds the lease. */
export async function takeOverKnexMigrations(
  knex: Knex,
  table: string,
  entries: readonly HistoryEntry[],
  timestamp: string,
): Promise<void> {
  await knex.transaction(async (trx) => {
    for (const entry of entries) await insertApplied(trx, entry);
    await writeFact(trx, TAKEN_OVER, JSON.stringify({ table, migrations: entries.length, takenOverAt: timestamp }));
  });
}

/** MySQL gives a Date, better-sqlite3 and libsql a number of ms, sqlite3 either; a text without zone is UTC. */
function timestampOf(time: KnexRow["migration_time"]): string {
  const text = typeof time === "string" && /^[\d-]+ [\d:.]+$/.test(time) ? `${time.replace(" ", "T")}Z` : time;
  const date = new Date(text ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
