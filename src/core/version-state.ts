import type { HistoryOrigin } from "./adopted-history.js";
import type { Run } from "./run.js";

export type VersionStateKind =
  | "current"
  | "fresh"
  | "unversioned"
  | "behind"
  | "ahead"
  | "restart"
  | "unsupported"
  | "altered"
  | "running"
  | "interrupted"
  | "failed"
  | "held"
  | "unknown";

/** The number on the maintenance page: all that a visitor is told. */
export type MaintenanceCode = "Err1" | "Err2" | "Err3";

/** A run as the state tells it. */
export type StateRun = Pick<
  Run,
  "id" | "kind" | "goal" | "fromVersion" | "toVersion" | "status" | "phase" | "epoch" | "drain" | "startedAt" | "error"
>;

/** What follows from the versions, the pending migrations, the run and the lease. */
export interface VersionState {
  readonly kind: VersionStateKind;
  /** The release that this process runs. */
  readonly codeVersion: string;
  /** The release whose files lie on disk now. */
  readonly filesVersion: string;
  /** The version row's value; null when there is none or it can't be read. */
  readonly installedVersion: string | null;
  /** Names of the migrations not yet applied, in order. */
  readonly pending: readonly string[];
  /** The unfinished run, where there is one. */
  readonly run?: StateRun;
  /** How often nodes have gone on with that run by themselves; absent: never. */
  readonly autoResumes?: number;
  /** One sentence for the operator. Never shown to visitors. */
  readonly reason: string;
  /** What the operator does now. */
  readonly remedy: string;
}

/** The version row as read. `invalid` carries the beginning of the text at most. */
export type VersionRowFact =
  | { readonly kind: "absent" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "invalid"; readonly problem: string };

/** What the release's manifest demands. Absent members demand nothing. */
export interface ReleaseFacts {
  readonly kind?: "full" | "patch";
  /** Semver range of the installed versions that a patch set fits. */
  readonly appliesTo?: string;
  /** Semver range of the installed versions that this release can upgrade. */
  readonly upgradeFrom?: string;
  /** Releases that must not be skipped. */
  readonly requiredStops?: readonly string[];
  /** Releases before this one can't be upgraded any more: their migrations may be gone. */
  readonly prunedBefore?: string;
  /** Files that the manifest lists and the disk lacks. */
  readonly missingFiles?: readonly string[];
}

/** Why the files can't be those of the release, and what to do. */
export type FilesFact = Pick<VersionState, "reason" | "remedy">;

export interface DatabaseFacts {
  readonly versionRow: VersionRowFact;
  readonly hasHistory: boolean;
  /** Tables that are not upgate's own. */
  readonly hasForeignTables: boolean;
  readonly historyOrigin: HistoryOrigin;
  /** The unfinished run; of drafts only one that keeps the site closed (`ready`). */
  readonly run: StateRun | null;
  readonly leaseAlive: boolean;
  /** How often nodes have gone on with the run by themselves; read only where its process seems to be gone. */
  readonly autoResumes?: number;
  /** Highest protocol that another upgate has written. */
  readonly newerProtocol: boolean;
}

export interface StateFacts {
  readonly codeVersion: string;
  readonly filesVersion: string;
  readonly pending: readonly string[];
  readonly release: ReleaseFacts;
  /** What is wrong with the files of the release that this process runs; null: nothing, or nobody has compared them. */
  readonly files: FilesFact | null;
  /** `unreadable` names the check that failed. */
  readonly database: ({ readonly kind: "read" } & DatabaseFacts) | { readonly kind: "unreadable"; readonly check: string };
}

/** The page that visitors get in a state; null: the gate is open. */
export function maintenanceCode(kind: VersionStateKind): MaintenanceCode | null {
  switch (kind) {
    case "current":
      return null;
    case "unknown":
      return "Err1";
    case "running":
    case "interrupted":
    case "failed":
    case "held":
      return "Err3";
    case "fresh":
    case "unversioned":
    case "behind":
    case "ahead":
    case "restart":
    case "unsupported":
    case "altered":
      return "Err2";
  }
}

/** The state while it can't be read. `check`: what failed, one line. */
export function unreadableState(
  codeVersion: string,
  filesVersion: string,
  check: string,
  remedy: string = unreadableRemedy(check),
): VersionState {
  const reason = `The state can't be read: ${check}`;
  return { kind: "unknown", codeVersion, filesVersion, installedVersion: null, pending: [], reason, remedy };
}

/** MySQL's ER_TABLEACCESS_DENIED_ERROR says which command; a refused password reads "Access denied". */
function unreadableRemedy(check: string): string {
  return /command denied/.test(check)
    ? "Grant the database account that right, or name a second account that has it: database: { app, admin }."
    : "Check that the database server runs and that its address, user and password are right.";
}
