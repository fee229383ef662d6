import { setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";
import type { Dialect } from "./connect.js";
import { isBusy, isDeadlock } from "./driver-errors.js";
import { isProbeTable } from "./probe-name.js";
import type { Store } from "./store.js";

/** Raised when a table changes in a way that an older upgate must not ignore; rows carry their writer's. */
export const PROTOCOL = 1;

/** The one row of `upgate_lease`. */
export const LEASE_NAME = "upgrade";

/**
 * upgate's own tables, in SQL that MySQL, MariaDB and SQLite share: one idempotent statement a table, so that five
 * processes may create them at once. Timestamps are ISO 8601 in UTC, 24 characters: no server's time zone touches them.
 * `active` is 1 for the one run that is not over, else null: the unique index allows one.
 */
const TABLES: Readonly<Record<string, string>> = {
  upgate_run: `
    id VARCHAR(40) NOT NULL PRIMARY KEY, kind VARCHAR(16) NOT NULL, from_version VARCHAR(64) NULL, to_version VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL, goal VARCHAR(16) NOT NULL, phase VARCHAR(16) NOT NULL, epoch INTEGER NOT NULL, drain VARCHAR(16) NOT NULL, hold INTEGER NOT NULL, active INTEGER NULL UNIQUE,
    license_accepted_at VARCHAR(24) NULL, license_hash VARCHAR(64) NULL, reviewed_at VARCHAR(24) NULL, backup TEXT NULL, ignored_checks TEXT NULL,
    plan MEDIUMTEXT NOT NULL, error TEXT NULL, passed_over TEXT NULL, created_at VARCHAR(24) NOT NULL, started_at VARCHAR(24) NULL, finished_at VARCHAR(24) NULL,
    protocol INTEGER NOT NULL`,
  upgate_migration: `
    name VARCHAR(255) NOT NULL PRIMARY KEY, version VARCHAR(64) NOT NULL, sha256 VARCHAR(64) NOT NULL, run_id VARCHAR(40) NOT NULL,
    started_at VARCHAR(24) NOT NULL, finished_at VARCHAR(24) NULL, duration_ms INTEGER NULL, statements INTEGER NULL`,
  upgate_journal: `
    run_id VARCHAR(40) NOT NULL, sequence INTEGER NOT NULL, kind VARCHAR(16) NOT NULL, migration VARCHAR(255) NULL, token INTEGER NOT NULL,
    of_sequence INTEGER NULL, statement_hash VARCHAR(64) NULL, statement MEDIUMTEXT NULL, bindings_hash VARCHAR(64) NULL,
    intent_at VARCHAR(24) NULL, pre_state MEDIUMTEXT NULL, answer MEDIUMTEXT NULL, done_at VARCHAR(24) NULL, PRIMARY KEY (run_id, sequence)`,
  upgate_lease: `
    name VARCHAR(32) NOT NULL PRIMARY KEY, host VARCHAR(255) NULL, host_id VARCHAR(64) NULL, pid INTEGER NULL, started_ticks VARCHAR(32) NULL,
    token INTEGER NOT NULL, beat INTEGER NOT NULL, acquired_at VARCHAR(24) NULL, protocol INTEGER NOT NULL`,
  upgate_node: `
    id VARCHAR(40) NOT NULL PRIMARY KEY, host VARCHAR(255) NOT NULL, host_id VARCHAR(64) NOT NULL, pid INTEGER NOT NULL, started_ticks VARCHAR(32) NULL,
    code_version VARCHAR(64) NOT NULL, files_version VARCHAR(64) NOT NULL, epoch INTEGER NOT NULL, in_flight INTEGER NOT NULL, oldest VARCHAR(512) NULL, beat INTEGER NOT NULL,
    started_at VARCHAR(24) NOT NULL, seen_at VARCHAR(24) NOT NULL, protocol INTEGER NOT NULL`,
  upgate_connection: `
    node_id VARCHAR(40) NOT NULL, connection_id BIGINT NOT NULL, server VARCHAR(191) NOT NULL, connected_at BIGINT NOT NULL,
    PRIMARY KEY (node_id, server, connection_id)`,
  upgate_session: `
    id VARCHAR(64) NOT NULL PRIMARY KEY, address VARCHAR(64) NOT NULL, created_at VARCHAR(24) NOT NULL, seen_at VARCHAR(24) NOT NULL, expires_at VARCHAR(24) NOT NULL`,
  upgate_attempt: `
    id VARCHAR(40) NOT NULL PRIMARY KEY, address VARCHAR(64) NOT NULL, attempted_at VARCHAR(24) NOT NULL`,
  upgate_secret: `
    name VARCHAR(64) NOT NULL PRIMARY KEY, value VARCHAR(255) NOT NULL, created_at VARCHAR(24) NOT NULL`,
  upgate_audit: `
    id VARCHAR(40) NOT NULL PRIMARY KEY, happened_at VARCHAR(24) NOT NULL, event VARCHAR(64) NOT NULL, address VARCHAR(64) NOT NULL, session_id VARCHAR(64) NULL, detail TEXT NULL`,
  upgate_fact: `
    name VARCHAR(191) NOT NULL PRIMARY KEY, value MEDIUMTEXT NOT NULL, expires_at VARCHAR(24) NULL`,
};

/** Made by the first backfill outside an upgrade that has a name, and by nobody else. */
const BACKFILL_TABLE = "upgate_backfill";

export const OWN_TABLES: readonly string[] = Object.keys(TABLES);

const BACKED_UP = new Set(["upgate_migration", "upgate_journal", "upgate_fact"]);

/**
 * Never dumped nor restored: the run that restores must live through it, tokens and epochs only grow, and a backup holds no secrets of the
 * wizard's. The rest is: history, journal, and whether the history is upgate's own end up as the backup had them.
 */
export const NEVER_BACKED_UP: readonly string[] = OWN_TABLES.filter((name) => !BACKED_UP.has(name));

const MYSQL_SUFFIX = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

/**
 * Creates what is missing of upgate's own tables. Any number of processes may do so at once; a database that has them all
 * gets one read. On SQLite the write-ahead log is turned on, so that readers never wait.
 */
export async function ensureTables(store: Pick<Store, "knex" | "dialect" | "asAdmin">): Promise<void> {
  const present = new Set(await listTables(store.knex, store.dialect));
  const missing = OWN_TABLES.filter((name) => !present.has(name));
  if (missing.length > 0) await store.asAdmin((knex) => createTables(knex, store.dialect, missing));
}

async function createTables(knex: Knex, dialect: Dialect, missing: readonly string[]): Promise<void> {
  const suffix = dialect === "mysql" ? MYSQL_SUFFIX : "";
  if (dialect === "sqlite") await whileBusy(() => knex.raw("PRAGMA journal_mode = WAL"));
  const create = (name: string): Promise<unknown> =>
    whileBusy(() => knex.raw(`CREATE TABLE IF NOT EXISTS ${name} (${TABLES[name]}) ${suffix}`));
  // A server flushes its log once for several connections.
  if (dialect === "mysql") await Promise.all(missing.map(create));
  else for (const name of missing) await create(name);
  // Whoever created that table may have died before it could do this.
  await ensureLeaseRow(knex);
}

/** The row that everybody compares and sets; written once. */
export async function ensureLeaseRow(knex: Knex): Promise<void> {
  await whileBusy(() =>
    knex("upgate_lease").insert({ name: LEASE_NAME, token: 0, beat: 0, protocol: PROTOCOL }).onConflict("name").ignore(),
  );
}

/** One row a backfill that is under way, see `backfill-places.ts`. Commits what the connection has open. */
export async function ensureBackfillTable(knex: Knex, dialect: Dialect): Promise<void> {
  if ((await listTables(knex, dialect)).includes(BACKFILL_TABLE)) return;
  const columns =
    "name VARCHAR(191) NOT NULL PRIMARY KEY, target VARCHAR(255) NOT NULL, progress TEXT NOT NULL, updated_at VARCHAR(24) NOT NULL";
  const suffix = dialect === "mysql" ? MYSQL_SUFFIX : "";
  await whileBusy(() => knex.raw(`CREATE TABLE IF NOT EXISTS ${BACKFILL_TABLE} (${columns}) ${suffix}`));
}

/** Creates the version table where there is none: only when a version is written, because a migration of the host's may make it. */
export async function ensureVersionTable({ knex, dialect, versionRow, asAdmin }: Store): Promise<void> {
  const { table, keyColumn, valueColumn } = versionRow;
  if ((await listTables(knex, dialect)).includes(baseName(table))) return;
  const columns = "?? VARCHAR(191) NOT NULL PRIMARY KEY, ?? VARCHAR(255) NULL, updated_at VARCHAR(24) NULL";
  const suffix = dialect === "mysql" ? MYSQL_SUFFIX : "";
  const sql = `CREATE TABLE IF NOT EXISTS ?? (${columns}) ${suffix}`;
  await asAdmin((admin) => whileBusy(() => admin.raw(sql, [table, keyColumn, valueColumn])));
}

/** Base tables and views of the database that the connection is in. */
export async function listTables(knex: Knex, dialect: Dialect): Promise<string[]> {
  const rows: { name: string }[] =
    dialect === "mysql"
      ? await knex("information_schema.tables").select(knex.raw("table_name as name")).whereRaw("table_schema = database()")
      : await knex("sqlite_master").select("name").whereIn("type", ["table", "view"]).whereRaw("name not like 'sqlite\\_%' escape '\\'");
  return rows.map((row) => row.name);
}

export function isOwnTable(name: string): boolean {
  return name in TABLES || name === BACKFILL_TABLE || isProbeTable(name);
}

export function baseName(table: string): string {
  return table.slice(table.lastIndexOf(".") + 1);
}

const BUSY_TRIES = 64;
const BUSY_PAUSE_MS = 50;

/**
 * SQLite's write lock is held by one process at a time; a short write by another one waits its turn, about 5 s at most. Also
 * for what MySQL rolled back by itself: a deadlock, which on a Galera cluster any write of another node may cause.
 */
export async function whileBusy<T>(write: () => PromiseLike<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!(isBusy(error) || isDeadlock(error)) || tries >= BUSY_TRIES) throw error;
      await pause(BUSY_PAUSE_MS);
    }
  }
}
