import type { StatementInDoubt } from "./migration.js";

export type RunKind = "upgrade" | "install" | "restore";

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
 * `starting` and `closing` come before the first statement: a run that dies there has changed nothing. `held`: it is complete, and the
 * site stays closed until somebody opens it.
 */
export type RunPhase = "starting" | "closing" | "migrating" | "finishing" | "held" | "done";

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** The migration it happened in, where it was one. */
  readonly migration: string | null;
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
}

/** Whose word it is that a backup exists, or that none is wanted: kept with the run. */
export interface BackupClaim {
  /** `own`: the operator's own. `none`: the vendor's option says that there need be none. */
  readonly kind: "own" | "none";
  readonly confirmedAt: string;
  /** IP address of the browser, `cli`, or `auto`. */
  readonly address: string;
}

/** One row of `upgate_run`. */
export interface Run extends RunDraft {
  readonly id: string;
  readonly kind: RunKind;
  /** Null for a fresh installation. */
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly status: RunStatus;
  readonly phase: RunPhase;
  /** Grows with every closing; nodes acknowledge it. */
  readonly epoch: number;
  readonly drain: RunDrain;
  /** Whether the site is to stay closed after it, for the operator to look at first. */
  readonly hold: boolean;
  readonly plan: readonly { readonly name: string; readonly version: string }[];
  readonly error: RunError | null;
  /** Nodes that gave no sign of life when the site was closed, each with what of it nobody could end. */
  readonly passedOver: readonly string[];
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
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
