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
    close: () => knex.destroy(),
  };
}
