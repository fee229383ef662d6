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
