import type { Knex } from "knex";
import { factsOf } from "./driver-errors.js";
import { isLeftover, probeTableName } from "./probe-name.js";
import { listTables, whileBusy } from "./tables.js";

/** What was really tried on a scratch table. */
export interface ProbeResult {
  /** Privileges that an upgrade needs and that were refused. */
  readonly denied: readonly string[];
  /** Refused, too, but only some migrations need them. */
  readonly oftenNeeded: readonly string[];
  /** A scratch table that the account may make and not drop; null: it is gone. */
  readonly left: string | null;
}

interface Step {
  /** What it proves, as GRANT names it. */
  readonly privilege: string;
  readonly sql: string;
  /** Only some migrations need it. */
  readonly often?: boolean;
}

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const DENIED = new Set([1044, 1142, 1143, 1227]);

const COLUMNS = "id INTEGER NOT NULL PRIMARY KEY, parent_id INTEGER NULL, note VARCHAR(20) NULL";

const ROWS: readonly Step[] = [
  { privilege: "INSERT", sql: "INSERT IGNORE INTO ?? (id, note) VALUES (1, 'probe')" },
  { privilege: "SELECT", sql: "SELECT id FROM ??" },
  { privilege: "UPDATE", sql: "UPDATE ?? SET note = 'probed'" },
  { privilege: "DELETE", sql: "DELETE FROM ??" },
];

const STEPS: readonly Step[] = [
  { privilege: "CREATE", sql: `CREATE TABLE ?? (${COLUMNS}) ENGINE=InnoDB` },
  { privilege: "ALTER", sql: "ALTER TABLE ?? ADD COLUMN added INTEGER NULL" },
  { privilege: "INDEX", sql: "CREATE INDEX upgate_probe_note ON ?? (note)", often: true },
  { privilege: "REFERENCES", sql: "ALTER TABLE ?? ADD FOREIGN KEY (parent_id) REFERENCES ?? (id)", often: true },
  ...ROWS,
  { privilege: "DROP", sql: "DROP TABLE ??" },
];

/** Of a table that an earlier probe could make and not drop: nothing of it may grow. */
const AGAIN: readonly Step[] = [
  { privilege: "CREATE", sql: `CREATE TABLE IF NOT EXISTS ?? (${COLUMNS}) ENGINE=InnoDB` },
  { privilege: "ALTER", sql: "ALTER TABLE ?? COMMENT = 'of upgate: it may be dropped'" },
  ...ROWS,
];

/**
 * MySQL and MariaDB: makes a scratch table, changes it, and drops it, with the account that may change the schema, on a
 * connection that has seen no other privileges yet. `nowMs`: since 1970. Rejects with the driver's error when something else than a
 * privilege is in the way; the table is dropped then, too.
 */
export async function probeMysql(knex: Knex, nowMs: number): Promise<ProbeResult> {
  const stuck = await dropLeftovers(knex, nowMs);
  const table = stuck ?? probeTableName(nowMs);
  const refused = new Set<Step>();
  try {
    for (const step of stuck === null ? STEPS : AGAIN) {
      // A foreign key is added by an ALTER, whose refusal would say nothing of it.
      if (step.privilege === "REFERENCES" && [...refused].some(({ privilege }) => privilege === "ALTER")) continue;
      if (await isRefused(knex, step, table)) refused.add(step);
      // Without the table nothing else can be tried.
      if (step.privilege === "CREATE" && refused.has(step) && stuck === null) break;
    }
  } catch (error) {
    await knex.raw("DROP TABLE IF EXISTS ??", [table]).catch(() => undefined);
    throw error;
  }
  const isLeft = stuck !== null || [...refused].some(({ privilege }) => privilege === "DROP");
  const names = (often: boolean): string[] => [...refused].filter((step) => (step.often ?? false) === often).map((step) => step.privilege);
  return { denied: [...names(false), ...(stuck === null ? [] : ["DROP"])], oftenNeeded: names(true), left: isLeft ? table : null };
}

/** Of probes that were killed. The name of one that may not be dropped. */
async function dropLeftovers(knex: Knex, nowMs: number): Promise<string | null> {
  const leftovers = (await listTables(knex, "mysql")).filter((name) => isLeftover(name, nowMs));
  for (const table of leftovers) if (await isRefused(knex, { privilege: "DROP", sql: "DROP TABLE IF EXISTS ??" }, table)) return table;
  return null;
}

async function isRefused(knex: Knex, { sql }: Step, table: string): Promise<boolean> {
  try {
    await knex.raw(
      sql,
      Array.from(sql.matchAll(/\?\?/g), () => table),
    );
    return false;
  } catch (error) {
    if (DENIED.has(factsOf(error).errno)) return true;
    throw error;
  }
}

const SQLITE_STEPS = [
  `CREATE TABLE ?? (${COLUMNS})`,
  "ALTER TABLE ?? ADD COLUMN added INTEGER NULL",
  "INSERT INTO ?? (id, note) VALUES (1, 'probe')",
  "UPDATE ?? SET note = 'probed'",
  "DELETE FROM ??",
  "DROP TABLE ??",
];

/** Ends the transaction of the probe. */
class Undone extends Error {}

/** SQLite: the same in one transaction that is rolled back, so that nothing can be left. Rejects with the driver's error. */
export async function probeSqlite(knex: Knex, nowMs: number): Promise<void> {
  const table = probeTableName(nowMs);
  const tried = whileBusy(() =>
    knex.transaction(async (trx) => {
      for (const sql of SQLITE_STEPS) await trx.raw(sql, [table]);
      throw new Undone();
    }),
  );
  await tried.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
}
