import type { Knex } from "knex";
import type { VersionRowOptions } from "../core/options.js";
import type { Clock } from "../core/ports.js";
import { connectStore, type DatabaseSource, type Dialect, isInMemory } from "./connect.js";

/** upgate's own way into the database: what every function of the store needs. */
export interface Store {
  readonly knex: Knex;
  readonly dialect: Dialect;
  readonly versionRow: VersionRowOptions;
  readonly clock: Clock;
  readonly source: DatabaseSource;
  /** Closes the connections, unless they are the host's. */
  close(): Promise<void>;
}

export function openStore(source: DatabaseSource, versionRow: VersionRowOptions, clock: Clock): Store {
  const knex = connectStore(source);
  const shared = source.instance !== null && isInMemory(source.config);
  return {
    knex,
    dialect: source.dialect,
    versionRow,
    clock,
    source,
    close: async () => {
      if (!shared) await knex.destroy();
    },
  };
}
