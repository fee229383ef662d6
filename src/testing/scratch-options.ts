import type { UpgateOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import { elsewhere, type ScratchPlace } from "../store/scratch-place.js";
import { baseName } from "../store/tables.js";
import { resolveSettings, type Settings } from "../upgrade/settings.js";

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
  // Nobody is to hear of what happens to a scratch database.
  const { versionRow, notifications: _nobody, ...rest } = config;
  return {
    ...rest,
    database: { ...database.config, connection: elsewhere(database.config.connection, place) },
    // A table named with its database would be the real one.
    knexMigrations: baseName(knexTable),
    ...(versionRow?.table === undefined ? {} : { versionRow: { ...versionRow, table: baseName(versionRow.table) } }),
    // They look at the live application, and there is none.
    checks: [],
    // The vendor's folder is not what was sealed.
    integrity: "off",
    dataDir,
    logger,
  };
}

/** The options with the one account, or the address instead of it, that scratch databases are made by. Throws as `createUpgate` does. */
export function settingsOf(config: UpgateOptions, address: string | null): Settings {
  return resolveSettings({ ...config, database: address === null ? mayChangeSchema(config.database) : withDatabase(address) });
}

/** Of two accounts the one that may change the schema: the other has no rights on a new database. */
function mayChangeSchema(database: UpgateOptions["database"]): UpgateOptions["database"] {
  return typeof database === "object" && "admin" in database ? database.admin : database;
}

/** A server's address need not name a database; the options want one. */
function withDatabase(address: string): string {
  return address.replace(/^((?:mysql|mariadb):\/\/[^/?]+)\/?(?=\?|$)/, "$1/information_schema");
}
