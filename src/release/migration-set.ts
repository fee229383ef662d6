import type { OptionProblem } from "../core/errors.js";
import type { MigrationFile, MigrationModule } from "../core/migration.js";

export interface MigrationListing {
  /** In the order of application. */
  readonly files: readonly MigrationFile[];
  readonly problems: readonly OptionProblem[];
}

export interface LoadedMigration {
  readonly module: MigrationModule;
  /** Of what was loaded, hex. */
  readonly sha256: string;
}

/** Where a release's migrations come from: a folder, or a source of knex's interface. */
export interface MigrationSet {
  /** Names only; nothing of the vendor's is run by a folder. Every problem is gathered. */
  list(): Promise<MigrationListing>;
  /** Throws `ERR_UPGATE_MIGRATION_INVALID` when it can't be loaded or exports no `up`. */
  load(file: MigrationFile): Promise<LoadedMigration>;
  /** SHA-256, hex. */
  checksum(file: MigrationFile): Promise<string>;
}
