import type { Knex } from "knex";
import type { Logger } from "./ports.js";

/** One migration as the release ships it: a file on disk, or one of a source. */
export interface MigrationFile {
  /** As in the history: `<version>/<file>` without extension; in a flat folder the file alone, without extension. */
  readonly name: string;
  /** The release it belongs to, semver. */
  readonly version: string;
  /** Absolute path; null where it comes from a source. */
  readonly path: string | null;
}

/** The second argument of `up` and `down`: what knex's own form lacks. */
export interface MigrationContext {
  /** True while the upgrade is tried on a copy of the database. */
  readonly rehearsal: boolean;
  /** Aborts when the run has to stop: the lease is lost, or somebody has asked it to (Ctrl-C, SIGTERM). */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a migration file exports: knex's form, plus the context as a second argument. */
export interface MigrationModule {
  up(knex: Knex, ctx: MigrationContext): Promise<unknown> | unknown;
  down?(knex: Knex, ctx: MigrationContext): Promise<unknown> | unknown;
  /** `transaction: false` runs the migration outside a transaction, as in knex. Default: true. */
  config?: { transaction?: boolean };
}

/** A row of the history: a migration that was started, and finished when `finishedAt` is set. */
export interface HistoryEntry {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the file with line ends normalised, hex. */
  readonly sha256: string;
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Wall time in ms; null while unfinished. */
  readonly durationMs: number | null;
}
