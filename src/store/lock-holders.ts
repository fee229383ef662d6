import type { Knex } from "knex";
import { factsOf } from "./driver-errors.js";

/** A connection that an ALTER would have to wait for. What it has sent is never read. */
export interface LockHolder {
  /** The server's number of the connection, as KILL takes it; 0: a prepared XA transaction, which has none. */
  readonly connection: number;
  /** Null where it can't be told. */
  readonly user: string | null;
  readonly host: string | null;
  /** How long it has been so, s. */
  readonly ageSeconds: number;
}

export interface TableLockHolder extends LockHolder {
  /** Of the database, by name. */
  readonly tables: readonly string[];
}

type Row = Readonly<Record<string, string | number | null>>;

/** INNODB_TRX tells the machine's local time, NOW() the session's. */
const TRANSACTION_AGE = "TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(NOW(), @@session.time_zone, 'SYSTEM'))";

/** Transactions of InnoDB, the oldest first, of connections to this database or to none. Needs PROCESS: rejects with 1227 without it. */
export async function readOldTransactions(knex: Knex, olderThanSeconds: number): Promise<LockHolder[]> {
  const found = await rows(
    knex,
    `SELECT t.trx_mysql_thread_id AS id, p.user AS user, p.host AS host, ${TRANSACTION_AGE} AS age
    FROM information_schema.innodb_trx t LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
    WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND (p.db IS NULL OR p.db = DATABASE()) AND ${TRANSACTION_AGE} >= ?
    ORDER BY t.trx_started, id`,
    [olderThanSeconds],
  );
  return found.map(holderOf);
}

/**
 * Who holds a lock on the definition of one of the database's tables, the oldest first. Null where the server can't tell: MySQL with the
 * performance schema off, MariaDB without its plugin METADATA_LOCK_INFO.
 */
export async function readTableLocks(knex: Knex, olderThanSeconds: number): Promise<TableLockHolder[] | null> {
  const { version }: { version: string } = await knex.first(knex.raw("VERSION() AS version"));
  const isMariaDb = /mariadb/i.test(version);
  try {
    if (!isMariaDb && !(await isObserved(knex))) return null;
    const found = await rows(knex, isMariaDb ? MARIADB_LOCKS : MYSQL_LOCKS, [olderThanSeconds]);
    return foldTables(found);
  } catch (error) {
    if (factsOf(error).errno === UNKNOWN_TABLE) return null;
    throw error;
  }
}

/** Connections that wait for such a lock: somebody holds it. */
export async function countLockWaits(knex: Knex): Promise<number> {
  const sql =
    "SELECT COUNT(*) AS waits FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table metadata lock%'";
  const [row] = await rows(knex, sql, []);
  return Number(row?.["waits"]);
}

/** ER_UNKNOWN_TABLE, of information_schema. */
const UNKNOWN_TABLE = 1109;

const MARIADB_LOCKS = `SELECT l.thread_id AS id, p.user AS user, p.host AS host, l.table_name AS tbl,
    GREATEST(COALESCE(${TRANSACTION_AGE}, 0), COALESCE(p.time, 0)) AS age
  FROM information_schema.metadata_lock_info l LEFT JOIN information_schema.processlist p ON p.id = l.thread_id
    LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = l.thread_id
  WHERE l.lock_type = 'Table metadata lock' AND l.table_schema = DATABASE() AND l.thread_id <> CONNECTION_ID()
  HAVING age >= ? ORDER BY age DESC, id, tbl`;

const MYSQL_LOCKS = `SELECT h.processlist_id AS id, h.processlist_user AS user, h.processlist_host AS host, l.object_name AS tbl,
    GREATEST(COALESCE(${TRANSACTION_AGE}, 0), COALESCE(h.processlist_time, 0)) AS age
  FROM performance_schema.metadata_locks l JOIN performance_schema.threads h ON h.thread_id = l.owner_thread_id
    LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = h.processlist_id
  WHERE l.object_type = 'TABLE' AND l.lock_status = 'GRANTED' AND l.object_schema = DATABASE()
    AND h.processlist_id IS NOT NULL AND h.processlist_id <> CONNECTION_ID()
  HAVING age >= ? ORDER BY age DESC, id, tbl`;

async function isObserved(knex: Knex): Promise<boolean> {
  const [row] = await rows(knex, "SELECT @@performance_schema AS observed", []);
  if (Number(row?.["observed"]) !== 1) return false;
  const [instrument] = await rows(
    knex,
    "SELECT enabled AS enabled FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl'",
    [],
  );
  return instrument?.["enabled"] === "YES";
}

function foldTables(found: readonly Row[]): TableLockHolder[] {
  const holders = new Map<number, LockHolder & { tables: string[] }>();
  for (const row of found) {
    const holder = holders.get(Number(row["id"])) ?? { ...holderOf(row), tables: [] };
    const table = String(row["tbl"]);
    if (!holder.tables.includes(table)) holder.tables.push(table);
    holders.set(holder.connection, holder);
  }
  return [...holders.values()];
}

function holderOf(row: Row): LockHolder {
  const text = (value: string | number | null | undefined): string | null => (value === null || value === undefined ? null : String(value));
  return { connection: Number(row["id"]), user: text(row["user"]), host: text(row["host"]), ageSeconds: Number(row["age"]) };
}

async function rows(knex: Knex, sql: string, bindings: readonly number[]): Promise<Row[]> {
  const [found] = (await knex.raw(sql, [...bindings])) as [Row[]];
  return found;
}
