import type { HistoryOrigin } from "./adopted-history.js";
import type { Run } from "./run.js";
import { compareVersions, inRange, parseInstalledVersion } from "./version.js";

export type VersionStateKind =
  | "current"
  | "fresh"
  | "unversioned"
  | "behind"
  | "ahead"
  | "restart"
  | "unsupported"
  | "running"
  | "interrupted"
  | "failed"
  | "unknown";

/** The number on the maintenance page: all that a visitor is told. */
export type MaintenanceCode = "Err1" | "Err2" | "Err3";

/** A run as the state tells it. */
export type StateRun = Pick<Run, "id" | "kind" | "fromVersion" | "toVersion" | "status" | "phase" | "epoch" | "startedAt" | "error">;

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

export interface DatabaseFacts {
  readonly versionRow: VersionRowFact;
  readonly hasHistory: boolean;
  /** Tables that are not upgate's own. */
  readonly hasForeignTables: boolean;
  readonly historyOrigin: HistoryOrigin;
  /** The unfinished run; drafts count as none. */
  readonly run: StateRun | null;
  readonly leaseAlive: boolean;
  /** Highest protocol that another upgate has written. */
  readonly newerProtocol: boolean;
}

export interface StateFacts {
  readonly codeVersion: string;
  readonly filesVersion: string;
  readonly pending: readonly string[];
  readonly release: ReleaseFacts;
  /** `unreadable` names the check that failed. */
  readonly database: ({ readonly kind: "read" } & DatabaseFacts) | { readonly kind: "unreadable"; readonly check: string };
}

type Verdict = Pick<VersionState, "kind" | "reason" | "remedy">;

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
      return "Err3";
    case "fresh":
    case "unversioned":
    case "behind":
    case "ahead":
    case "restart":
    case "unsupported":
      return "Err2";
  }
}

/** The one derivation of the version state: a pure function of plain values, in the design's order of precedence. */
export function deriveVersionState(facts: StateFacts): VersionState {
  const { codeVersion, filesVersion, database, pending } = facts;
  const base = { codeVersion, filesVersion, pending };
  const unknown = (reason: string, remedy: string): VersionState => ({ ...base, kind: "unknown", installedVersion: null, reason, remedy });

  if (database.kind === "unreadable") return unknown(`The state can't be read: ${database.check}`, unreadableRemedy(database.check));
  if (database.newerProtocol)
    return unknown("A newer upgate manages this database.", "Upload files that contain the newer upgate, then restart the application.");
  const { versionRow } = database;
  if (versionRow.kind === "invalid")
    return unknown(
      `The version row can't be used: ${versionRow.problem}`,
      "Put the installed release's version into the row, or restore it from a backup.",
    );
  const installed = versionRow.kind === "text" ? parseInstalledVersion(versionRow.text) : null;
  if (versionRow.kind === "text" && installed === null) {
    return unknown(
      `The version row holds ${quote(versionRow.text)}, which is no version.`,
      "Put the installed release's version into the row, or restore it from a backup.",
    );
  }

  const verdict = runVerdict(facts, database) ?? versionVerdict(facts, database, installed);
  return { ...base, ...verdict, installedVersion: installed, ...(database.run ? { run: database.run } : {}) };
}

/** MySQL's ER_TABLEACCESS_DENIED_ERROR says which command; a refused password reads "Access denied". */
function unreadableRemedy(check: string): string {
  return /command denied/.test(check)
    ? "Grant the database account that right, or name a second account that has it: database: { app, admin }."
    : "Check that the database server runs and that its address, user and password are right.";
}

function runVerdict({ codeVersion }: StateFacts, { run, leaseAlive }: DatabaseFacts): Verdict | null {
  if (!run) return null;
  const what = run.kind === "install" ? `installation of ${run.toVersion}` : `upgrade to ${run.toVersion}`;
  if (run.status === "failed") {
    return {
      kind: "failed",
      reason: `The ${what} failed: ${run.error?.message ?? "no reason was recorded"}`,
      remedy: run.error?.remedy ?? "Press Retry, or upload a corrected release.",
    };
  }
  if (leaseAlive) return { kind: "running", reason: `The ${what} is in progress.`, remedy: "Wait until it has finished." };
  const other = run.toVersion === codeVersion ? "" : ` The files are of release ${codeVersion} now.`;
  return {
    kind: "interrupted",
    reason: `The ${what} was interrupted: its process was terminated.${other}`,
    remedy: "Press Resume: it goes on where it stopped.",
  };
}

function versionVerdict(facts: StateFacts, database: DatabaseFacts, installed: string | null): Verdict {
  const { codeVersion, filesVersion, pending } = facts;
  if (installed !== null && installed !== codeVersion && filesVersion !== codeVersion && compareVersions(installed, filesVersion) <= 0) {
    return {
      kind: "restart",
      reason: `The files on disk are release ${filesVersion}, but this process still runs ${codeVersion}.`,
      remedy: "Restart the application.",
    };
  }
  const upgrading = installed === null || compareVersions(installed, codeVersion) < 0 || (installed === codeVersion && pending.length > 0);
  const obstacle = upgrading ? unsupportedVerdict(facts, installed) : patchVerdict(facts, installed);
  if (obstacle) return obstacle;
  if (installed === null) return uninstalledVerdict(facts, database);
  if (database.historyOrigin === "untold") {
    return {
      kind: "unversioned",
      reason: `The version row says ${installed}, but the migrations lie in one folder: nothing tells which of them release ${installed} had.`,
      remedy: `Name the last one that the database has: upgate baseline ${installed} --through <migration> (or --through none)`,
    };
  }
  switch (compareVersions(installed, codeVersion)) {
    case 1:
      return {
        kind: "ahead",
        reason: `The database is at release ${installed}, newer than the files (${codeVersion}).`,
        remedy: `Upload release ${installed} or later, or restore a backup of release ${codeVersion}.`,
      };
    case -1:
      return {
        kind: "behind",
        reason: `The database is at release ${installed}, the files are ${codeVersion}.`,
        remedy: "Open /install and start the upgrade.",
      };
    case 0:
      if (pending.length > 0) {
        return {
          kind: "behind",
          reason: `Release ${codeVersion} is installed, but ${count(pending.length, "migration is", "migrations are")} pending: ${listSome(pending)}.`,
          remedy: "Open /install and start the upgrade.",
        };
      }
      return compareVersions(filesVersion, codeVersion) > 0
        ? {
            kind: "current",
            reason: `Release ${filesVersion} lies on disk; this process still runs ${codeVersion}.`,
            remedy: "Restart the application to begin the upgrade.",
          }
        : { kind: "current", reason: "You are up to date!", remedy: "Nothing to do." };
  }
}

function uninstalledVerdict({ codeVersion, pending }: StateFacts, database: DatabaseFacts): Verdict {
  const keptByKnex = database.historyOrigin === "knex";
  if (keptByKnex && pending.length > 0) {
    return {
      kind: "behind",
      reason: `knex has kept this database so far; ${count(pending.length, "migration is", "migrations are")} pending: ${listSome(pending)}.`,
      remedy: "Open /install and start the upgrade.",
    };
  }
  if (keptByKnex) {
    return {
      kind: "unversioned",
      reason: `knex has applied all migrations of release ${codeVersion}, but no version row says so yet.`,
      remedy: `The application writes it at its next start; or run: upgate baseline ${codeVersion}`,
    };
  }
  if (database.hasHistory || database.hasForeignTables) {
    return {
      kind: "unversioned",
      reason: "The database has tables, but no version row says which release they belong to.",
      remedy: "If the row was lost, restore it. If the application is new to upgate, run: upgate baseline <version>",
    };
  }
  return {
    kind: "fresh",
    reason: `Release ${codeVersion} is not installed yet: the database is empty.`,
    remedy: "Open /install and start the installation.",
  };
}

/** A patch set is told to be the wrong one in either direction. */
function patchVerdict({ codeVersion, release }: StateFacts, installed: string): Verdict | null {
  if (release.kind !== "patch" || release.appliesTo === undefined) return null;
  if (installed === codeVersion || inRange(installed, release.appliesTo)) return null;
  return {
    kind: "unsupported",
    reason: `The patch set ${codeVersion} fits release ${release.appliesTo}, but ${installed} is installed.`,
    remedy: `Upload a full release, or a patch set made for ${installed}.`,
  };
}

function unsupportedVerdict(facts: StateFacts, installed: string | null): Verdict | null {
  const { codeVersion, release } = facts;
  const unsupported = (reason: string, remedy: string): Verdict => ({ kind: "unsupported", reason, remedy });
  const missing = release.missingFiles ?? [];
  if (missing.length > 0) {
    return unsupported(
      `The upload is incomplete: ${count(missing.length, "file is", "files are")} missing: ${listSome(missing)}.`,
      `Upload all files of release ${codeVersion} again.`,
    );
  }
  if (installed === null) {
    return release.kind === "patch"
      ? unsupported(`Release ${codeVersion} is a patch set and can't be installed by itself.`, "Upload a full release.")
      : null;
  }
  if (installed === codeVersion) return null;
  const misfit = patchVerdict(facts, installed);
  if (misfit) return misfit;
  const { prunedBefore } = release;
  if (prunedBefore !== undefined && compareVersions(installed, prunedBefore) < 0) {
    return unsupported(
      `Release ${codeVersion} no longer holds the migrations from before ${prunedBefore}, and ${installed} is installed.`,
      `Upload release ${prunedBefore} and upgrade to it first.`,
    );
  }
  const stop = (release.requiredStops ?? [])
    .toSorted(compareVersions)
    .find((version) => compareVersions(installed, version) < 0 && compareVersions(version, codeVersion) < 0);
  if (stop !== undefined) {
    return unsupported(
      `From ${installed} to ${codeVersion} the way leads over release ${stop}, which must not be skipped.`,
      `Upload release ${stop} and upgrade to it first.`,
    );
  }
  if (release.upgradeFrom !== undefined && !inRange(installed, release.upgradeFrom)) {
    return unsupported(
      `Release ${codeVersion} upgrades ${release.upgradeFrom}, but ${installed} is installed.`,
      `First upgrade to a release that fits ${release.upgradeFrom}.`,
    );
  }
  return null;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

function listSome(names: readonly string[], most = 5): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
