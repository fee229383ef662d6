import type { Duplex } from "node:stream";
import type { Knex } from "knex";

/** Decides about every statement of the host's knex. */
export interface QueryGate {
  /** Whether a statement may be sent at this moment: asked before each, so it looks at values only. */
  isOpen(): boolean;
  /** Asked when it is not open: resolves when the statement may be sent after all, rejects with what to tell the host. */
  admit(): Promise<void>;
  /** Before a connection's first statement. Rejects when nothing may be sent on it now. `ask` sends on it, past the gate. */
  connected(connection: object, ask: (sql: string) => Promise<Row | undefined>): Promise<void>;
  disconnected(connection: object): void;
}

/** The host's pool behind the gate. */
export interface GatedPool {
  /** Ends all its connections, also those in use: what their transactions have done is rolled back. */
  cut(): void;
}

/** What the drivers' connections have in common. */
interface RawConnection {
  /** mysql2's, and mysql's. */
  readonly stream?: Duplex;
  readonly _socket?: Duplex;
}

interface QueryObject {
  sql?: string;
  bindings?: readonly unknown[];
  options?: object;
}

type Row = Readonly<Record<string, unknown>>;

interface RowStream {
  destroy(error: Error): unknown;
}

interface Client {
  _query(connection: RawConnection, query: QueryObject): Promise<unknown>;
  _stream(connection: RawConnection, query: QueryObject, stream: RowStream, options: unknown): Promise<unknown>;
  acquireConnection(): Promise<RawConnection>;
  destroyRawConnection(connection: RawConnection): unknown;
}

/** The class of a client without its gate. */
const UNGATED = Symbol("upgate.ungated");

/** What upgate's own clients are made of when the host's knex carries a gate. */
export function ungatedClass<C>(knex: Knex): C {
  const { constructor } = knex.client as { constructor: C & { [UNGATED]?: C } };
  return constructor[UNGATED] ?? constructor;
}

/**
 * Puts a gate before every statement of this one knex, its transactions and streams included; other instances of the same
 * dialect stay as they are. knex makes a transaction's client from the prototype of the client's class, so the class is replaced.
 * `ROLLBACK` always goes through, and a refused `COMMIT` becomes one: a refused transaction must not keep its locks.
 */
export function gateKnex(knex: Knex, gate: QueryGate): GatedPool {
  const known = new WeakSet<RawConnection>();
  const live = new Set<RawConnection>();
  const Base = ungatedClass<new () => Client>(knex);

  class GatedClient extends Base {
    static readonly [UNGATED] = Base;

    override _query(connection: RawConnection, query: QueryObject): Promise<unknown> {
      if (known.has(connection) && gate.isOpen()) return super._query(connection, query);
      return this.gatedQuery(connection, query);
    }

    override async _stream(connection: RawConnection, query: QueryObject, stream: RowStream, options: unknown): Promise<unknown> {
      try {
        await pass(connection);
      } catch (error) {
        // knex leaves it to the driver to end the stream, by which the connection is given back.
        stream.destroy(error as Error);
        throw error;
      }
      return super._stream(connection, query, stream, options);
    }

    /** Nobody is kept waiting for a connection on which nothing may be sent. */
    override async acquireConnection(): Promise<RawConnection> {
      if (!gate.isOpen()) await gate.admit();
      return super.acquireConnection();
    }

    override destroyRawConnection(connection: RawConnection): unknown {
      forget(connection);
      return super.destroyRawConnection(connection);
    }

    async gatedQuery(connection: RawConnection, query: QueryObject): Promise<unknown> {
      if (/^\s*rollback\b/i.test(query.sql ?? "")) return super._query(connection, query);
      try {
        await pass(connection);
      } catch (error) {
        if (/^\s*commit\b/i.test(query.sql ?? "")) await super._query(connection, { ...query, sql: "ROLLBACK" });
        throw error;
      }
      return super._query(connection, query);
    }
  }

  const ask = Base.prototype._query.bind(knex.client) as Client["_query"];

  async function pass(connection: RawConnection): Promise<void> {
    if (!gate.isOpen()) await gate.admit();
    if (!known.has(connection)) {
      await gate.connected(connection, async (sql) => {
        const { response } = (await ask(connection, { sql, bindings: [], options: {} })) as { response: [Row[]] };
        return response[0][0];
      });
      known.add(connection);
      live.add(connection);
    }
    if (!gate.isOpen()) await gate.admit();
  }

  function forget(connection: RawConnection): void {
    if (live.delete(connection)) gate.disconnected(connection);
  }

  Object.setPrototypeOf(knex.client, GatedClient.prototype);
  return {
    cut: () => {
      for (const connection of live) {
        forget(connection);
        // Not `connection.destroy()`: after it the statement under way never gets an answer, nor the pool its connection.
        (connection.stream ?? connection._socket)?.destroy();
      }
    },
  };
}
