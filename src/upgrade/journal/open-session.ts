import type { StatementInDoubt } from "../../core/migration.js";
import type { Logger } from "../../core/ports.js";
import type { DatabaseSource } from "../../store/connect.js";
import { factsOf } from "../../store/driver-errors.js";
import { isGalera, SYNC_WAIT_SQL } from "../../store/fresh-reads.js";
import { type JournalEntry, readLineage } from "../../store/journal.js";
import { TableCatalogue, type SendSql } from "../../store/pre-state.js";
import { ensureSecret } from "../../store/secrets.js";
import type { Store } from "../../store/store.js";
import type { RunMoment } from "../run-hooks.js";
import { Attempt } from "./attempt.js";
import type { HistoryProjector } from "./history-projector.js";
import { type JournaledKnex, journaledKnex, type StatementGate } from "./journaled-client.js";
import { MigrationSession } from "./session.js";
import { settle } from "./settle.js";
import { connectionLock, MOST_LOCKS, silencePredecessors } from "./silence.js";
import { StatementFlow } from "./statement-flow.js";

export interface OpenSessionOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly runId: string;
  readonly token: number;
  readonly by: string;
  readonly projector: HistoryProjector;
  /** Aborts while it waits for what an earlier process still does in the server. */
  readonly signal: AbortSignal;
  readonly assertMayGoOn: () => Promise<void> | undefined;
  readonly atPoint: ((moment: RunMoment) => Promise<void> | void) | null;
  readonly refuse: ((sql: string) => string | null) | null;
  readonly verify: (migration: string, inDoubt: StatementInDoubt) => Promise<boolean | undefined>;
  readonly spans: boolean;
}

export interface OpenSession {
  readonly session: MigrationSession;
  /** Migrations that an earlier attempt has carried out in part. */
  readonly unfinished: readonly string[];
  /** Whether anything was committed since. */
  readonly hasProgressed: () => boolean;
  /** The statement whose refusal that error is, without values, at most 2,000 characters; null: it is something else. */
  readonly refusedStatement: (error: unknown) => string | null;
  close(): Promise<void>;
}

/**
 * Opens the way for migrations: connects, ends what earlier processes of the run still do in the server, takes the journal over.
 * Rejects with `ERR_UPGATE_IN_DOUBT`, or with the database's errors; then everything is closed again.
 */
export async function openSession(options: OpenSessionOptions): Promise<OpenSession> {
  const { store, assertMayGoOn, atPoint, refuse, projector } = options;
  const source = store.source.admin ?? store.source;
  let gate: StatementGate | null = null;
  let locks = 0;
  const connected = async (connection: object): Promise<void> => {
    await assertMayGoOn();
    if (source.dialect === "mysql") await register(database, connection, options.runId, locks++);
  };
  const database = journaledKnex(source, {
    query: (connection, query, send) => (gate as StatementGate).query(connection, query, send),
    stream: (connection, query, target, send) => (gate as StatementGate).stream(connection, query, target, send),
    announce: (connection, statements) => gate?.announce(connection, statements),
    connected: async (connection) => (gate === null ? undefined : connected(connection)),
  });
  try {
    const primary = source.dialect === "mysql" ? await database.hold() : null;
    const send: SendSql = async (sql, bindings) =>
      (await database.send(primary as object, sql, bindings)) as readonly Record<string, unknown>[];
    if (primary) {
      await silence(options, send);
      await connected(primary);
    }
    const galera = primary !== null && (await isGalera(send));
    if (galera) await send(SYNC_WAIT_SQL);
    const secret = await ensureSecret(store.knex, "journal", store.clock.timestamp());
    const { log, recordings } = await settle({ ...options, send });
    if (galera) await send("SET SESSION wsrep_sync_wait = DEFAULT");
    const onCommitted = (finished: readonly JournalEntry[]): void => projector.finished(finished);
    const { dialect, clock } = store;
    const multipleStatements = allowsSeveral(source);
    const attempt = new Attempt({ dialect, clock, log, secret, multipleStatements, assertMayGoOn, atPoint, refuse, onCommitted }, database);
    if (primary) attempt.catalogue = await TableCatalogue.read(send);
    gate = new StatementFlow(attempt, connected);
    const session = new MigrationSession({ attempt, database, primary, recordings, spans: options.spans });
    const unfinished = [...recordings].filter(([, recording]) => recording.isAhead).map(([name]) => name);
    return {
      session,
      unfinished,
      hasProgressed: () => attempt.writer.hasProgressed,
      refusedStatement: (error) => attempt.refusedStatement(error),
      close: () => close(database),
    };
  } catch (error) {
    await close(database);
    throw error;
  }
}

async function silence({ store, runId, signal, logger }: OpenSessionOptions, send: SendSql): Promise<void> {
  const onWait = (statements: readonly string[]): void => {
    const known = statements.filter((statement) => statement !== "");
    logger.warn(
      `upgate: an earlier process of this run still has ${statements.length} connection(s) in the server; ending them. ${known.join("; ").slice(0, 300)}`,
    );
  };
  await silencePredecessors(send, { runIds: await readLineage(store.knex, runId), signal, onWait });
}

/** mysql2's `multipleStatements`; a function that provides the connection may set it without anybody's knowing. */
function allowsSeveral({ dialect, config: { connection } }: DatabaseSource): boolean {
  if (dialect !== "mysql" || typeof connection === "function") return dialect === "mysql";
  if (typeof connection === "string") return /[?&]multipleStatements=(?!false)/.test(connection);
  return (connection as { multipleStatements?: boolean } | undefined)?.multipleStatements === true;
}

/**
 * An open transaction of somebody's keeps a DDL statement waiting for a day or a year (MariaDB's and MySQL's default), and all
 * readers of that table behind it. This long it waits, as often as attempts are made; then the operator is told.
 */
const LOCK_WAIT_SECONDS = 30;

/** Makes the connection one that a later process finds; and one that commits when it is told to, whatever the server's default. */
async function register(database: JournaledKnex, connection: object, runId: string, number: number): Promise<void> {
  const [limit] = (await database.send(connection, "SELECT @@lock_wait_timeout AS seconds")) as { seconds: number }[];
  const seconds = Math.min(Number(limit?.seconds ?? LOCK_WAIT_SECONDS), LOCK_WAIT_SECONDS);
  await database.send(connection, `SET SESSION autocommit = 1, lock_wait_timeout = ${seconds}`);
  if (number >= MOST_LOCKS) return;
  try {
    await database.send(connection, "SELECT GET_LOCK(?, 0)", [connectionLock(runId, number)]);
  } catch (error) {
    // Percona XtraDB Cluster forbids it in its strict mode; there the journal's own fence has to do.
    if (!isForbidden(error)) throw error;
  }
}

/** ER_UNKNOWN_ERROR 1105, with which pxc_strict_mode refuses; ER_NOT_SUPPORTED_YET 1235. */
function isForbidden(error: unknown): boolean {
  const { errno } = factsOf(error);
  return errno === 1105 || errno === 1235;
}

async function close(database: JournaledKnex): Promise<void> {
  database.letGo();
  await database.knex.destroy();
}
