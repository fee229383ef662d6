import type { StatementInDoubt } from "./migration.js";

export type RunKind = "upgrade" | "install" | "restore";

/**
 * What the runner does with a run now. `backup`, `rehearsal`: with the site closed everywhere, and then it is a draft again that keeps
 * the site closed until the upgrade is started.
 */
export type RunGoal = "upgrade" | "backup" | "rehearsal" | "restore";

/**
 * `draft`: the operator is still on the way to the start. `running` holds also for a run whose process died: whether it is
 * alive says the lease. The rest is final, except `failed`, which may be retried or superseded.
 */
export type RunStatus = "draft" | "running" | "completed" | "failed" | "aborted" | "superseded";

/**
 * What becomes of requests that are still under way `drainTimeoutMs` after the closing. Before that it is the policy: `ask` the
 * operator, `wait`, `end` them, or `abort` the run; after it what was decided, `asked` as long as nothing is.
 */
export type RunDrain = "ask" | "wait" | "end" | "abort" | "asked" | "waiting" | "ending" | "aborting";

/** What the operator says about requests that are still under way. */
export type DrainAnswer = (typeof DRAIN_ANSWERS)[number];
export const DRAIN_ANSWERS = ["wait", "end", "abort"] as const;

/**
 * A run that dies before `migrating` or `restoring` has changed nothing. `ready`: a draft whose backup was made; the site has been closed
 * since, so that nothing is written that the backup lacks. `held`: it is complete, and the site stays closed until somebody opens it.
 */
export type RunPhase =
  | "starting"
  | "closing"
  | "backup"
  | "rehearsal"
  | "ready"
  | "migrating"
  | "restoring"
  | "finishing"
  | "held"
  | "done";

/** Phases in which nothing of the application's has been changed yet. */
export const UNSTARTED_PHASES: readonly RunPhase[] = ["starting", "closing", "backup", "rehearsal"];

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** The migration it happened in, where it was one. */
  readonly migration: string | null;
  /** The statement that the database refused, without values, at most 2,000 characters; absent where it failed at something else. */
  readonly statement?: string;
  /** With `ERR_UPGATE_IN_DOUBT`: what the operator has to decide before the run goes on. */
  readonly inDoubt?: StatementInDoubt;
}

/** The operator's answer to a statement in doubt: it was applied, or run it again. */
export type InDoubtAnswer = "applied" | "again";

/** What the operator has done before the start. */
export interface RunDraft {
  /** ISO 8601, UTC; null until the licence is accepted. */
  readonly licenseAcceptedAt: string | null;
  /** SHA-256 of the accepted text, hex. */
  readonly licenseHash: string | null;
  readonly reviewedAt: string | null;
  /** Who vouches for the backup; null until the start. */
  readonly backup: BackupClaim | null;
  /** Null: none blocked, or nobody has said to start all the same. */
  readonly ignoredChecks: IgnoredChecks | null;
}

/** Checks that blocked, and whose word it was to start all the same: kept with the run. */
export interface IgnoredChecks {
  /** Of the checks. */
  readonly ids: readonly string[];
  readonly confirmedAt: string;
  /** IP address of the browser, or `cli`. */
  readonly address: string;
  /** The wizard's session; absent elsewhere. */
  readonly session?: string;
}

/** Which backup there is, and whose word it is: kept with the run. */
export interface BackupClaim {
  /**
   * `own`: the operator's own, which upgate has not seen. `none`: the vendor's option says that there need be none. `wanted`: upgate makes
   * one when the site is closed everywhere. `made`: it has.
   */
  readonly kind: "own" | "none" | "wanted" | "made";
  readonly confirmedAt: string;
  /** IP address of the browser, `cli`, or `auto`. */
  readonly address: string;
  /** The wizard's session; absent elsewhere. */
  readonly session?: string;
  /** Of `made`. */
  readonly made?: MadeBackup;
}

/** A backup as a run remembers it; the rest is in its manifest, on the machine that made it. */
export interface MadeBackup {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  readonly bytes: number;
  readonly rows: number | null;
  /** Null: not proven. */
  readonly proof: "read" | "restored" | null;
  /** Host of the machine that it lies on. */
  readonly host: string;
}

/** One row of `upgate_run`. */
export interface Run extends RunDraft {
  readonly id: string;
  readonly kind: RunKind;
  /** Null for a fresh installation. */
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly status: RunStatus;
  readonly goal: RunGoal;
  readonly phase: RunPhase;
  /** Grows with every closing; nodes acknowledge it. */
  readonly epoch: number;
  readonly drain: RunDrain;
  /** Whether the site is to stay closed after it, for the operator to look at first. */
  readonly hold: boolean;
  readonly plan: readonly RunPlanEntry[];
  readonly error: RunError | null;
  /** Nodes that gave no sign of life when the site was closed, each with what of it nobody could end. */
  readonly passedOver: readonly string[];
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** A migration of the plan, or a table of a restore. */
export interface RunPlanEntry {
  readonly name: string;
  readonly version: string;
  /** How long it took in the rehearsal, ms. */
  readonly rehearsedMs?: number;
  /** Of the largest table that its file names, at the start of the run. */
  readonly tableBytes?: number;
}

/** What tells one process from every other, also across containers with the same host name. */
export interface ProcessIdentity {
  readonly host: string;
  /** Equal only for processes that can see each other's process ids. */
  readonly hostId: string;
  readonly pid: number;
  /** Tells a process from a later one with the same id; null where the system does not say. */
  readonly startedTicks: string | null;
}

/** The row of `upgate_lease`. */
export interface Lease {
  /** Null when nobody holds it. */
  readonly holder: ProcessIdentity | null;
  /** Only ever grows. */
  readonly token: number;
  readonly beat: number;
  /** ISO 8601, UTC: since when the holder has it. */
  readonly acquiredAt: string | null;
}
