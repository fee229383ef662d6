import type { Knex } from "knex";
import type { VersionRowOptions } from "../core/options.js";
import type { Clock } from "../core/ports.js";
import { connectStore, type DatabaseSource, type Dialect } from "./connect.js";

/** upgate's own way into the database: what every function of the store needs. */
export interface Store {
  readonly knex: Knex;
  readonly dialect: Dialect;
  readonly versionRow: VersionRowOptions;
  readonly clock: Clock;
  readonly source: DatabaseSource;
  /**
   * For readings that must know of everything written before they were asked for. Behind a proxy that sends reads to replicas a transaction goes
   * to the primary (ProxySQL: `transaction_persistent`; MaxScale: readwritesplit, but for `READ ONLY` ones).
   */
  fromPrimary<T>(read: (knex: Knex) => Promise<T>): Promise<T>;
  /** Lets the account that may change the schema work: a connection of its own, closed afterwards, where it is another. */
  asAdmin<T>(work: (knex: Knex) => Promise<T>): Promise<T>;
  /** Closes the connections; the host's own are others. */
  close(): Promise<void>;
}

export function openStore(source: DatabaseSource, versionRow: VersionRowOptions, clock: Clock): Store {
  const knex = connectStore(source);
  return {
    knex,
    dialect: source.dialect,
    versionRow,
    clock,
    source,
    fromPrimary: (read) => (source.dialect === "sqlite" ? read(knex) : knex.transaction((trx) => read(trx))),
    asAdmin: (work) => withAdmin(source, knex, work),
    close: () => knex.destroy(),
  };
}

async function withAdmin<T>({ admin }: DatabaseSource, own: Knex, work: (knex: Knex) => Promise<T>): Promise<T> {
  if (admin === null) return work(own);
  const knex = connectStore(admin);
  try {
    return await work(knex);
  } finally {
    await knex.destroy();
  }
}
