import type { Knex } from "knex";
import type { UpgateOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import { baseName } from "../store/tables.js";
import { resolveSettings, type Settings } from "../upgrade/settings.js";

/** Where a scratch database is: a file, or a database on the server. Plain, so that it can be told to another process. */
export type ScratchPlace =
  | { readonly dialect: "sqlite"; readonly filename: string }
  | { readonly dialect: "mysql"; readonly database: string };

/** The vendor's options for one scratch database: everything is as in `config`, but nothing that it names is written to. */
export interface ScratchParts {
  readonly place: ScratchPlace;
  /** Address used instead of `config.database`; null: that one's server and credentials. */
  readonly address: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly logger: Logger;
}

export function scratchOptions(config: UpgateOptions, { place, address, dataDir, logger }: ScratchParts): UpgateOptions {
  const { database, knexTable } = settingsOf(config, address);
  const { versionRow } = config;
  return {
    ...config,
    database: { ...database.config, connection: elsewhere(database.config.connection, place) },
    // A table named with its database would be the real one.
    knexMigrations: baseName(knexTable),
    ...(versionRow?.table === undefined ? {} : { versionRow: { ...versionRow, table: baseName(versionRow.table) } }),
    dataDir,
    logger,
  };
}

/** The options with the one account, or the address instead of it, that scratch databases are made by. Throws as `createUpgate` does. */
export function settingsOf(config: UpgateOptions, address: string | null): Settings {
  return resolveSettings({ ...config, database: address === null ? mayChangeSchema(config.database) : withDatabase(address) });
}

/** Connections to the server, in no database; SQLite has none. */
export function serverConfig(config: Knex.Config): Knex.Config {
  return { ...config, connection: elsewhere(config.connection, { dialect: "mysql", database: "" }) };
}

/** Of two accounts the one that may change the schema: the other has no rights on a new database. */
function mayChangeSchema(database: UpgateOptions["database"]): UpgateOptions["database"] {
  return typeof database === "object" && "admin" in database ? database.admin : database;
}

/** A server's address need not name a database; the options want one. */
function withDatabase(address: string): string {
  return address.replace(/^((?:mysql|mariadb):\/\/[^/?]+)\/?(?=\?|$)/, "$1/information_schema");
}

type Connection = Knex.Config["connection"];

function elsewhere(connection: Connection, place: ScratchPlace): NonNullable<Connection> {
  if (typeof connection === "function") {
    const provide = connection as () => Connection | Promise<Connection>;
    return (async () => elsewhere(await provide(), place)) as unknown as NonNullable<Connection>;
  }
  if (typeof connection === "string" && place.dialect === "mysql") {
    const url = new URL(connection);
    url.pathname = `/${place.database}`;
    return url.href;
  }
  const given = (typeof connection === "object" ? connection : {}) as { readonly password?: unknown };
  // knex hides the password of an instance's configuration from copying.
  const { dialect: _dialect, ...where } = place;
  return { ...given, ...(given.password === undefined ? {} : { password: given.password }), ...where } as NonNullable<Connection>;
}
