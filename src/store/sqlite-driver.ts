import { createRequire } from "node:module";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";

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
