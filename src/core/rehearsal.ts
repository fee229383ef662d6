import type { Loss } from "./loss.js";
import type { RunError } from "./run.js";

/** How MySQL carries an ALTER out: `INSTANT` and `INPLACE` let others write meanwhile, `COPY` writes the whole table anew. */
export type AlterAlgorithm = "INSTANT" | "INPLACE" | "COPY";

export interface RehearsedStatement {
  /** The text as it was sent, without bindings; at most 2,000 characters. */
  readonly sql: string;
  /** Of structure: how long it took, ms; null for what changes rows, which is timed with its migration. */
  readonly ms: number | null;
  /** Of an ALTER TABLE on MySQL and MariaDB, as the server decided; else null. */
  readonly algorithm: AlterAlgorithm | null;
  /** What it took away of what the database had held before the upgrade; empty for most. */
  readonly losses: readonly Loss[];
}

export interface RehearsedMigration {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the file, as in the history. */
  readonly sha256: string;
  /** Null: it was not come to, or did not end. */
  readonly ms: number | null;
  /** What it sent, in order; reads are left out. */
  readonly statements: readonly RehearsedStatement[];
  /** How many statements more there were than are kept. */
  readonly leftOut: number;
  /** That its statements change, as far as their beginnings tell, sorted. */
  readonly tables: readonly string[];
  /** Of all its statements, also of those that are left out; each once, at most 100. */
  readonly losses: readonly Loss[];
}

/** The upgrade as it went on a copy of the database. */
export interface Rehearsal {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** The backup that the copy was made of. */
  readonly backupId: string;
  readonly status: "passed" | "failed";
  /** With `failed`: of the migration; its `message` names the statement's trouble. */
  readonly error: RunError | null;
  /** The statement that failed, where one did; at most 2,000 characters. */
  readonly failedStatement: string | null;
  readonly migrations: readonly RehearsedMigration[];
  readonly backupMs: number;
  readonly restoreMs: number;
  readonly upgradeMs: number;
}

/** A rehearsal is of use for a run that does the same. */
export function fitsPlan(
  { fromVersion, toVersion, migrations }: Rehearsal,
  run: { readonly fromVersion: string | null; readonly toVersion: string; readonly plan: readonly { readonly name: string }[] },
): boolean {
  return (
    fromVersion === run.fromVersion &&
    toVersion === run.toVersion &&
    migrations.length === run.plan.length &&
    migrations.every(({ name }, index) => run.plan[index]?.name === name)
  );
}

/**
 * How long the site will be closed, s: the backup, its proof, and the migrations as they took in the rehearsal. The machine is the same; what
 * other load there is then, nobody knows.
 */
export function predictedClosingSeconds({ backupMs, upgradeMs }: Pick<Rehearsal, "backupMs" | "upgradeMs">): number {
  return Math.max(1, Math.ceil((backupMs + upgradeMs) / 1000));
}
