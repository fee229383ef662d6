import type { Knex } from "knex";
import type { BackfillOptions, BackfillResult } from "./backfill.js";
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
  /**
   * Runs an effect outside the database, such as a call of another system, and records what it returned: a resumed migration
   * gets that value and the effect is not repeated. At least once: killed in the middle it runs again, with the same key.
   * `name`: unique within the migration. The value must survive JSON and have at most 64 kB.
   */
  step<T>(name: string, effect: (step: MigrationStep) => Promise<T> | T): Promise<T>;
  /** Changes many rows in batches that each commit with the place they came to; see `BackfillOptions`. */
  backfill(options: BackfillOptions): Promise<BackfillResult>;
}

export interface MigrationStep {
  /** The same each time this step of this database runs: for systems that do a thing once for each key. 32 characters, hex. */
  readonly idempotencyKey: string;
}

/** A statement of which upgate can't tell whether the database has carried it out before the process was terminated. */
export interface StatementInDoubt {
  /** Its number in the run's journal. */
  readonly sequence: number;
  /** The text as it was sent, without bindings; at most 2,000 characters. */
  readonly statement: string;
  /** Why it can't be told, one sentence. */
  readonly why: string;
}

/** What a migration file exports: knex's form, plus the context as a second argument. */
export interface MigrationModule {
  /** For operators, at most 120 characters. Read from the file's text, without running it: a text that is written out. */
  title?: string;
  /** The same, at most 500 characters. */
  description?: string;
  up(knex: Knex, ctx: MigrationContext): Promise<unknown> | unknown;
  down?(knex: Knex, ctx: MigrationContext): Promise<unknown> | unknown;
  /**
   * Asked when it can't be told whether a statement was carried out before the process died: true, it was; false, it was not;
   * anything else leaves the question to the operator. Must only read.
   */
  verify?(knex: Knex, inDoubt: StatementInDoubt): Promise<boolean | undefined> | boolean | undefined;
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
