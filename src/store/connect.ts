import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import knexFactory, { type Knex } from "knex";
import { messageOf, UpgateError } from "../core/errors.js";
import type { Database } from "../core/options.js";
import { mysqlClient } from "./mysql-driver.js";
import { ungatedClass } from "./query-gate.js";
import { discardingBusyConnections, sqliteClient } from "./sqlite-driver.js";

export type Dialect = "mysql" | "sqlite";

/** A synchronous driver holds the event loop while it waits for a lock, so processes that serve pages wait this long only, ms. */
const SQLITE_BUSY_MS = 25;
const ACQUIRE_TIMEOUT_MS = 5000;
const STORE_POOL = { min: 0, max: 4 };

/** What the options' `database` comes to: a configuration from which every part of upgate makes its own connections. */
export interface DatabaseSource {
  readonly dialect: Dialect;
  readonly config: Knex.Config;
  /** The instance that the host gave, if it did. */
  readonly instance: Knex | null;
  /** For people and logs; never holds a password. */
  readonly label: string;
  /** The account that may change the schema; null: the same one does everything. */
  readonly admin: DatabaseSource | null;
}

/**
 * `root`: absolute folder against which a relative SQLite path is resolved. Throws `ERR_UPGATE_DRIVER_MISSING`, or
 * `ERR_UPGATE_KNEX` when the installed knex is older than 3.
 */
export function databaseSource(database: Database, root: string): DatabaseSource {
  requireKnex(installedKnex());
  if (typeof database === "function") {
    const config = database.client.config as Knex.Config;
    return sourceOf({ ...config, client: ungatedClass<typeof Knex.Client>(database) }, dialectOf(database), database);
  }
  const config = typeof database === "string" ? configOfAddress(database, root) : database;
  const name =
    typeof config.client === "string"
      ? config.client
      : (config.client as { prototype?: { dialect?: string } } | undefined)?.prototype?.dialect;
  return sourceOf(config, /sqlite/.test(name ?? "") ? "sqlite" : dialectOfName(name), null);
}

function sourceOf(config: Knex.Config, dialect: Dialect, instance: Knex | null): DatabaseSource {
  return { dialect, config, instance, label: labelOf(config, dialect), admin: null };
}

function installedKnex(): string {
  return (createRequire(import.meta.url)("knex/package.json") as { version: string }).version;
}

/** knex 3 gave `_query` and the pool the shape that upgate's own clients build on. */
export function requireKnex(version: string): void {
  if (Number.parseInt(version, 10) >= 3) return;
  throw new UpgateError("ERR_UPGATE_KNEX", `upgate needs knex 3; installed is ${version}.`);
}

/** knex says by its message only that the driver's package is not there. Throws `ERR_UPGATE_DRIVER_MISSING`. */
export function makeKnex(config: Knex.Config): Knex {
  try {
    return knexFactory(config);
  } catch (cause) {
    const name = /\$ npm install (\S+)/.exec(messageOf(cause))?.[1];
    if (name === undefined) throw cause;
    throw new UpgateError("ERR_UPGATE_DRIVER_MISSING", `The database needs the package ${name}, and it is not installed.`, {
      cause,
      remedy: `Run: npm install ${name}`,
    });
  }
}

/** The host's own connections: its whole configuration, as it wrote it. */
export function connectHost({ config }: DatabaseSource): Knex {
  return makeKnex({ ...config });
}

/**
 * Connections for upgate's tables: the host's address and credentials without what it does to names and rows
 * (`wrapIdentifier`, `postProcessResponse`), in a small pool that gives up early.
 */
export function connectStore(source: DatabaseSource): Knex {
  const { config, dialect } = source;
  const { wrapIdentifier: _names, postProcessResponse: _rows, log: _log, ...plain } = config;
  if (dialect === "sqlite") makeFolder(config);
  const pool = dialect === "sqlite" ? { ...config.pool, min: 1, max: 1 } : { ...config.pool, ...STORE_POOL };
  const hosts = config.pool?.afterCreate as AfterCreate | undefined;
  pool.afterCreate = dialect === "sqlite" ? afterSqliteConnect(hosts, SQLITE_BUSY_MS) : afterMysqlConnect(hosts);
  // Every failed poll rejects and is reported once, as a state; knex would print a stack each time besides.
  const log = { warn: ignore, error: ignore, debug: ignore, deprecate: ignore };
  const client = dialect === "sqlite" ? { client: discardingBusyConnections(dialectClass(source)) } : {};
  return makeKnex({ ...plain, ...client, pool, log, acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS });
}

/** The class of the host's own client; a configuration may name it by a string only. */
export function dialectClass<C extends new (config: Knex.Config) => object>(source: DatabaseSource): C {
  const knex = source.instance ?? connectHost(source);
  const Dialect = ungatedClass<C>(knex);
  if (knex !== source.instance) void knex.destroy();
  return Dialect;
}

function ignore(): void {}

/** A new SQLite database may lie in a folder of its own. */
function makeFolder({ connection }: Knex.Config): void {
  const { filename } = (connection ?? {}) as { filename?: string };
  if (filename !== undefined) mkdirSync(path.dirname(filename), { recursive: true });
}

/** While a migration changes a table, who reads it waits for a lock of its own kind, a day or a year by default: s. */
const METADATA_LOCK_WAIT_S = 1;

function afterMysqlConnect(hosts: AfterCreate | undefined): AfterCreate {
  return (connection, done) => {
    const next = (error: Error | null): void => {
      if (error || !hosts) done(error, connection);
      else hosts(connection, done);
    };
    connection.query?.(`SET SESSION lock_wait_timeout = ${METADATA_LOCK_WAIT_S}`, next);
  };
}

type AfterCreate = (
  connection: { exec?: (sql: string) => unknown; query?: (sql: string, done: (error: Error | null) => void) => unknown },
  done: (error: Error | null, connection?: unknown) => void,
) => void;

export function afterSqliteConnect(hosts: AfterCreate | undefined, busyMs: number): AfterCreate {
  return (connection, done) => {
    connection.exec?.(`PRAGMA busy_timeout = ${busyMs}`);
    if (hosts) hosts(connection, done);
    else done(null, connection);
  };
}

function dialectOf(knex: Knex): Dialect {
  return dialectOfName(String((knex.client as { dialect?: string }).dialect));
}

function dialectOfName(name: string | undefined): Dialect {
  if (name !== undefined && /sqlite/.test(name)) return "sqlite";
  if (name !== undefined && /^(?:mysql|mysql2|mariadb)$/.test(name)) return "mysql";
  throw new UpgateError("ERR_UPGATE_OPTIONS", `upgate works on MySQL, MariaDB and SQLite, not on ${String(name)}.`, {
    problems: [{ path: "database", message: `unsupported client ${String(name)}` }],
  });
}

function configOfAddress(address: string, root: string): Knex.Config {
  if (address.startsWith("sqlite:")) {
    const filename = path.resolve(root, address.slice("sqlite:".length).replace(/^\/\/(?=\/|\.)/, ""));
    return { client: sqliteClient(createRequire(path.join(root, "package.json"))), connection: { filename }, useNullAsDefault: true };
  }
  return { client: mysqlClient(createRequire(path.join(root, "package.json"))), connection: address.replace(/^mariadb:/, "mysql:") };
}

function labelOf(config: Knex.Config, dialect: Dialect): string {
  const { connection } = config;
  if (dialect === "sqlite") return `SQLite, ${path.basename((connection as { filename?: string } | undefined)?.filename ?? "in memory")}`;
  if (typeof connection === "string") {
    const { hostname, port, pathname } = new URL(connection);
    return `${pathname.slice(1)} on ${hostname}:${port || "3306"}`;
  }
  if (typeof connection !== "object") return "MySQL or MariaDB";
  const { host, port, database } = connection as { host?: string; port?: number; database?: string };
  return `${database ?? "database"} on ${host ?? "localhost"}:${port ?? 3306}`;
}

/** The database on its server, or the file's path; null where a function provides the connection. */
export function databaseName({ config: { connection } }: DatabaseSource): string | null {
  if (typeof connection === "string") return decodeURIComponent(new URL(connection).pathname.slice(1));
  const { database, filename } = (typeof connection === "object" ? connection : {}) as { database?: string; filename?: string };
  return database ?? (filename === undefined ? null : path.resolve(filename));
}
