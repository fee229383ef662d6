import type { Knex } from "knex";
import type { HistoryOrigin, KnexMigration } from "../core/adopted-history.js";
import type { HistoryEntry } from "../core/migration.js";
import type { Dialect } from "./connect.js";
import { orAbsent } from "./driver-errors.js";
import { readFact, writeFact } from "./facts.js";
import { insertApplied, readHistory } from "./history.js";
import { baseName, listTables } from "./tables.js";

/** Written once the history is upgate's own: from then on nothing else is read. */
const OWN_HISTORY = "own-history";

/** What the database itself holds about applied migrations. */
export interface RecordedHistory {
  readonly own: readonly HistoryEntry[];
  readonly isOwn: boolean;
  /** What knex's own migrator has recorded; null when there is no such table, or it does not matter any more. */
  readonly knex: readonly KnexMigration[] | null;
}

interface KnexRow {
  name: string;
  migration_time: Date | string | number | null;
}

/** Absent tables = empty. `knexTable`: `table` or `database.table`. */
export async function readRecordedHistory(knex: Knex, dialect: Dialect, knexTable: string): Promise<RecordedHistory> {
  const tables = await listTables(knex, dialect);
  // A restore may take a table away between the list and the look.
  const own = tables.includes("upgate_migration") ? await orAbsent(() => readHistory(knex), []) : [];
  const isOwn = tables.includes("upgate_fact") && (await orAbsent(() => readFact(knex, OWN_HISTORY), null)) !== null;
  if (isOwn) return { own, isOwn: true, knex: null };
  if (!knexTable.includes(".") && !tables.includes(baseName(knexTable))) return { own, isOwn: false, knex: null };
  // One in another database can't be looked for among this one's tables.
  const rows = await orAbsent<KnexRow[] | null>(() => knex<KnexRow>(knexTable).select("name", "migration_time").orderBy("id"), null);
  if (rows === null) return { own, isOwn: false, knex: null };
  return { own, isOwn: false, knex: rows.map(({ name, migration_time: time }) => ({ name: String(name), appliedAt: timestampOf(time) })) };
}

/** Writes the entries into the history, which is upgate's own from then on. The caller holds the lease. */
export async function takeOverHistory(
  trx: Knex,
  { entries, origin, timestamp }: { readonly entries: readonly HistoryEntry[]; readonly origin: HistoryOrigin; readonly timestamp: string },
): Promise<void> {
  await insertApplied(trx, entries);
  await writeFact(trx, OWN_HISTORY, JSON.stringify({ origin, migrations: entries.length, timestamp }));
}

/** MySQL gives a Date, better-sqlite3 and libsql a number of ms, sqlite3 either; a text without zone is UTC. */
function timestampOf(time: KnexRow["migration_time"]): string {
  const text = typeof time === "string" && /^[\d-]+ [\d:.]+$/.test(time) ? `${time.replace(" ", "T")}Z` : time;
  const date = new Date(text ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
