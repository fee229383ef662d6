import { createRequire } from "node:module";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { isBusy } from "./driver-errors.js";

/** Packages with the interface of better-sqlite3, in the order of preference; the host installs one of them. */
const DRIVERS = ["better-sqlite3", "libsql"] as const;

type Client = typeof Knex.Client;

/** knex's better-sqlite3 dialect over the first driver that the host has. Throws `ERR_UPGATE_DRIVER_MISSING`. */
export function sqliteClient(hostRequire: NodeJS.Require): Client {
  const driver = DRIVERS.map((name) => load(hostRequire, name)).find((module) => module !== null);
  if (!driver) {
    if (load(hostRequire, "sqlite3")) return "sqlite3" as unknown as Client;
    throw new UpgateError("ERR_UPGATE_DRIVER_MISSING", "SQLite needs a driver, and none is installed.", {
      remedy: "Run: npm install better-sqlite3 (or libsql, which needs no compiler)",
    });
  }
  const Dialect = createRequire(import.meta.url)("knex/lib/dialects/better-sqlite3/index.js") as new (config: Knex.Config) => object;
  return class SqliteClient extends Dialect {
    _driver(): unknown {
      return driver;
    }
  } as unknown as Client;
}

/** The host's folder first, then upgate's own: in a monorepo they differ. */
function load(hostRequire: NodeJS.Require, name: string): unknown {
  for (const require of [hostRequire, createRequire(import.meta.url)]) {
    try {
      return require(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return null;
}

type QueryingClass = new (config: Knex.Config) => { _query(connection: object, query: object): Promise<unknown> };

/** knex's pool closes a connection with this mark instead of giving it out again. */
export function discardConnection(connection: object, reason: unknown): void {
  (connection as { __knex__disposed?: unknown }).__knex__disposed = reason;
}

/**
 * The client, giving up a connection on which a statement found the database busy. libsql 0.5 does not reset such a
 * statement: the connection's next read then pins a snapshot, and every later write on it fails with
 * SQLITE_BUSY_SNAPSHOT, however long the database has been free.
 */
export function discardingBusyConnections(Base: QueryingClass): Client {
  return class SqliteStoreClient extends Base {
    override async _query(connection: object, query: object): Promise<unknown> {
      try {
        return await super._query(connection, query);
      } catch (error) {
        if (isBusy(error)) discardConnection(connection, error);
        throw error;
      }
    }
  } as unknown as Client;
}
