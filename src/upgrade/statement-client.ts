import type { Knex } from "knex";
import { afterSqliteConnect, dialectClass, type DatabaseSource, makeKnex } from "../store/connect.js";

/** A migration's process serves nobody: it may wait for a lock. ms. */
const SQLITE_BUSY_MS = 10_000;

/** What sees every statement that a migration sends, before it is sent. */
export interface StatementObserver {
  /** Called with the statement's number within the run. Throwing refuses the statement. */
  beforeStatement(sequence: number, sql: string): void;
  /** The comment's text, without the comment marks, e.g. `upgate:<run>:<sequence>:<token>`. */
  tag(sequence: number): string;
}

interface QueryObject {
  sql: string;
}

type ClientClass = new (config: Knex.Config) => {
  _query(connection: unknown, query: QueryObject): Promise<unknown>;
  _stream(connection: unknown, query: QueryObject, stream: unknown, options: unknown): Promise<unknown>;
};

/**
 * The host's knex, with every statement passing through one place where it is numbered, tagged with a comment and may be
 * refused. knex sends all statements through `_query`, streams through `_stream`; a transaction's client is made from the
 * class, so what is kept must live in the class's closure.
 */
export function connectForMigrations(source: DatabaseSource, observer: StatementObserver): Knex {
  const Base = dialectClass<ClientClass>(source);
  const sqlite = source.dialect === "sqlite";
  let sequence = 0;

  const observed = async (query: QueryObject, send: () => Promise<unknown>): Promise<unknown> => {
    const { sql } = query;
    observer.beforeStatement(++sequence, sql);
    // A deferred transaction that turns into a writing one fails at once when another process has written meanwhile.
    const text = sqlite && sql === "BEGIN;" ? "BEGIN IMMEDIATE;" : sql;
    query.sql = `/* ${observer.tag(sequence)} */ ${text}`;
    try {
      return await send();
    } finally {
      query.sql = sql;
    }
  };

  class StatementClient extends Base {
    override _query(connection: unknown, query: QueryObject): Promise<unknown> {
      return observed(query, () => super._query(connection, query));
    }

    override _stream(connection: unknown, query: QueryObject, stream: unknown, options: unknown): Promise<unknown> {
      return observed(query, () => super._stream(connection, query, stream, options));
    }
  }

  const { config } = source;
  const pool = sqlite
    ? {
        ...config.pool,
        min: 1,
        max: 1,
        afterCreate: afterSqliteConnect(config.pool?.afterCreate as Parameters<typeof afterSqliteConnect>[0], SQLITE_BUSY_MS),
      }
    : { ...config.pool, min: 0, max: 4 };
  return makeKnex({ ...config, client: StatementClient as unknown as typeof Knex.Client, pool });
}
