import type { Knex } from "knex";
import { afterSqliteConnect, dialectClass, type DatabaseSource, makeKnex } from "../../store/connect.js";

/** A migration's process serves nobody: it may wait for a lock. ms. */
const SQLITE_BUSY_MS = 10_000;

/** Connections beside the first one, for statements that a migration sends outside the transaction it has open. */
const MOST_CONNECTIONS = 4;

/** knex's query object: the driver's answer is put into it. */
export interface QueryObject {
  sql: string;
  bindings?: readonly unknown[];
  options?: object;
  response?: unknown;
  /** SQLite: `{ lastID, changes }`. */
  context?: unknown;
}

/** Sends the query to the server, with a comment before its text. Rejects with the driver's error. */
export type SendQuery = (comment: string) => Promise<unknown>;

/** What every statement of a migration has to pass. */
export interface StatementGate {
  query(connection: object, query: QueryObject, send: SendQuery): Promise<unknown>;
  stream(connection: object, query: QueryObject, send: SendQuery): Promise<unknown>;
  /** The statements that knex is about to send one after the other, such as a table and its indexes; empty: they are over. */
  announce(connection: object, statements: readonly string[]): void;
  /** Called for each connection before its first use. */
  connected(connection: object): Promise<void>;
}

/** The host's knex with a gate before every statement, and a way round it for the journal's own. */
export interface JournaledKnex {
  readonly knex: Knex;
  /** The driver's response: rows or a result, without the fields. Not seen by the gate. */
  send(connection: object, sql: string, bindings?: readonly unknown[]): Promise<unknown>;
  /** Takes one connection out of the pool; plain statements use it while it is idle. */
  hold(): Promise<object>;
  letGo(): void;
  /** While true, plain statements get other connections than the held one. */
  reserve(reserved: boolean): void;
}

type ClientClass = new (config: Knex.Config) => {
  _query(connection: object, query: QueryObject): Promise<QueryObject>;
  _stream(connection: object, query: QueryObject, stream: unknown, options: unknown): Promise<unknown>;
  acquireConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<unknown>;
  runner(builder: unknown): QueryRunner;
};

/** knex's runner of one builder: what a schema builder comes to is an array. */
interface QueryRunner {
  connection: object;
  queryArray(queries: readonly { readonly sql: string }[]): Promise<unknown>;
}

/**
 * knex sends all statements through `_query`, streams through `_stream`; a transaction's client is made from the class's
 * prototype with few fields copied, so what is kept must live in the class's closure.
 */
export function journaledKnex(source: DatabaseSource, gate: StatementGate): JournaledKnex {
  const Base = dialectClass<ClientClass>(source);
  const sqlite = source.dialect === "sqlite";
  const known = new WeakSet<object>();
  let held: { readonly connection: object; idle: boolean } | null = null;

  const commented = async (query: QueryObject, comment: string, send: () => Promise<unknown>): Promise<unknown> => {
    const { sql } = query;
    // A deferred transaction that turns into a writing one fails at once when another process has written meanwhile.
    const text = sqlite && sql === "BEGIN;" ? "BEGIN IMMEDIATE;" : sql;
    query.sql = `/* ${comment} */ ${text}`;
    try {
      return await send();
    } finally {
      query.sql = sql;
    }
  };

  class JournaledClient extends Base {
    override _query(connection: object, query: QueryObject): Promise<QueryObject> {
      const send: SendQuery = (comment) => commented(query, comment, () => super._query(connection, query));
      return gate.query(connection, query, send) as Promise<QueryObject>;
    }

    override _stream(connection: object, query: QueryObject, stream: unknown, options: unknown): Promise<unknown> {
      return gate.stream(connection, query, (comment) =>
        commented(query, comment, () => super._stream(connection, query, stream, options)),
      );
    }

    override runner(builder: unknown): QueryRunner {
      const runner = super.runner(builder);
      const queryArray = runner.queryArray.bind(runner);
      runner.queryArray = async (queries) => {
        if (queries.length < 2) return queryArray(queries);
        const { connection } = runner;
        gate.announce(
          connection,
          queries.map(({ sql }) => sql),
        );
        return queryArray(queries).finally(() => gate.announce(connection, []));
      };
      return runner;
    }

    override async acquireConnection(): Promise<object> {
      if (held?.idle) {
        held.idle = false;
        return held.connection;
      }
      return this.acquireFromPool();
    }

    override releaseConnection(connection: object): Promise<unknown> {
      if (held?.connection !== connection) return super.releaseConnection(connection);
      held.idle = true;
      return Promise.resolve();
    }

    async acquireFromPool(): Promise<object> {
      const connection = await super.acquireConnection();
      if (known.has(connection)) return connection;
      try {
        await gate.connected(connection);
      } catch (error) {
        await super.releaseConnection(connection);
        throw error;
      }
      known.add(connection);
      return connection;
    }

    giveBack(connection: object): Promise<unknown> {
      return super.releaseConnection(connection);
    }

    /** The host's `typeCast` and `rowsAsArray` are for its own rows. */
    async sendOwn(connection: object, sql: string, bindings: readonly unknown[]): Promise<unknown> {
      const options = sqlite ? {} : { rowsAsArray: false, nestTables: false, typeCast: true };
      const { response } = await super._query(connection, { sql, bindings, options });
      return sqlite || !Array.isArray(response) ? response : (response as unknown[])[0];
    }
  }

  const knex = makeKnex({ ...source.config, client: JournaledClient as unknown as typeof Knex.Client, pool: poolOf(source, sqlite) });
  const client = knex.client as InstanceType<typeof JournaledClient>;
  return {
    knex,
    send: (connection, sql, bindings = []) => client.sendOwn(connection, sql, bindings),
    hold: async () => {
      held = { connection: await client.acquireFromPool(), idle: true };
      return held.connection;
    },
    letGo: () => {
      const connection = held?.connection;
      held = null;
      if (connection) void client.giveBack(connection);
    },
    reserve: (reserved) => {
      if (held) held.idle = !reserved;
    },
  };
}

function poolOf({ config }: DatabaseSource, sqlite: boolean): Knex.PoolConfig {
  if (!sqlite) return { ...config.pool, min: 0, max: MOST_CONNECTIONS };
  const hosts = config.pool?.afterCreate as Parameters<typeof afterSqliteConnect>[0];
  return { ...config.pool, min: 1, max: 1, afterCreate: afterSqliteConnect(hosts, SQLITE_BUSY_MS) };
}
