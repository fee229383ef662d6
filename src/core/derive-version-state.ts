import { AUTO_RESUME_LIMIT } from "./auto-resumes.js";
import { say } from "./say.js";
import { compareVersions, parseInstalledVersion } from "./version.js";
import { inRange } from "./version-range.js";
import { type DatabaseFacts, type StateFacts, type StateRun, unreadableState, type VersionState } from "./version-state.js";

type Verdict = Pick<VersionState, "kind" | "reason" | "remedy">;

/** The one derivation of the version state: a pure function of plain values, in the design's order of precedence. */
export function deriveVersionState(facts: StateFacts): VersionState {
  const { codeVersion, filesVersion, database, pending } = facts;
  const base = { codeVersion, filesVersion, pending };
  const unknown = (reason: string, remedy: string): VersionState => ({ ...base, kind: "unknown", installedVersion: null, reason, remedy });

  if (database.kind === "unreadable") return unreadableState(codeVersion, filesVersion, database.check);
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

  const verdict = runVerdict(facts, database) ?? heldVerdict(versionVerdict(facts, database, installed), database);
  const run = database.run ? { run: database.run } : {};
  return {
    ...base,
    ...verdict,
    installedVersion: installed,
    ...run,
    ...(database.autoResumes ? { autoResumes: database.autoResumes } : {}),
  };
}

const NO_REASON = say("no reason was recorded");
const WAIT = "Wait until it has finished.";
/** Whole sentences for each kind of run: languages put them together differently. */
const RUN_SENTENCES = {
  upgrade: {
    failed: (version: string, why: string) => `The upgrade to ${version} failed: ${why}`,
    running: (version: string) => `The upgrade to ${version} is in progress.`,
    interrupted: (version: string) => `The upgrade to ${version} was interrupted: its process was terminated.`,
  },
  install: {
    failed: (version: string, why: string) => `The installation of ${version} failed: ${why}`,
    running: (version: string) => `The installation of ${version} is in progress.`,
    interrupted: (version: string) => `The installation of ${version} was interrupted: its process was terminated.`,
  },
  restore: {
    failed: (version: string, why: string) => `The restore of the backup of release ${version} failed: ${why}`,
    running: (version: string) => `The restore of the backup of release ${version} is in progress.`,
    interrupted: (version: string) => `The restore of the backup of release ${version} was interrupted: its process was terminated.`,
  },
};

function runVerdict({ codeVersion, filesVersion }: StateFacts, { run, leaseAlive, autoResumes = 0 }: DatabaseFacts): Verdict | null {
  if (!run || run.status === "completed" || run.status === "draft") return null;
  if (run.kind === "restore") return restoreVerdict(run, leaseAlive);
  const isOlder = compareVersions(codeVersion, run.toVersion) < 0;
  const newerFiles =
    compareVersions(filesVersion, run.toVersion) < 0
      ? `Upload release ${run.toVersion} or later, or restore a backup of release ${codeVersion}.`
      : `Restart the application: its files are release ${filesVersion} now.`;
  const says = RUN_SENTENCES[run.kind === "install" ? "install" : "upgrade"];
  if (run.status === "failed") {
    return {
      kind: "failed",
      reason: says.failed(run.toVersion, run.error?.message ?? NO_REASON),
      remedy: isOlder ? newerFiles : (run.error?.remedy ?? "Press Retry, or upload a corrected release."),
    };
  }
  if (leaseAlive) return { kind: "running", reason: says.running(run.toVersion), remedy: WAIT };
  const other = run.toVersion === codeVersion ? "" : ` The files are of release ${codeVersion} now.`;
  const inVain = autoResumes >= AUTO_RESUME_LIMIT;
  const tries = inVain ? ` It has gone on by itself ${autoResumes} times, and was terminated each time.` : "";
  const resume = inVain
    ? "Find out what terminates it (its log is in the data folder), then press Resume."
    : "Press Resume: it goes on where it stopped.";
  return {
    kind: "interrupted",
    reason: says.interrupted(run.toVersion) + tries + other,
    remedy: isOlder ? newerFiles : resume,
  };
}

/** Whatever files there are: any release's can go on with it. */
function restoreVerdict({ toVersion, status, error }: StateRun, leaseAlive: boolean): Verdict {
  const says = RUN_SENTENCES.restore;
  if (status === "failed")
    return {
      kind: "failed",
      reason: says.failed(toVersion, error?.message ?? NO_REASON),
      remedy: error?.remedy ?? "Press Retry: what is restored already is kept.",
    };
  return leaseAlive
    ? { kind: "running", reason: says.running(toVersion), remedy: WAIT }
    : {
        kind: "interrupted",
        reason: says.interrupted(toVersion),
        remedy: "Press Resume: it goes on where it stopped.",
      };
}

/** Only a site that would be open is held: files of another release are told as without it. */
function heldVerdict(verdict: Verdict, { run }: DatabaseFacts): Verdict {
  if (verdict.kind !== "current" || (run?.status !== "completed" && run?.status !== "draft")) return verdict;
  if (run.status === "draft")
    return {
      kind: "running",
      reason: `The backup for the upgrade to ${run.toVersion} was made; the site is kept closed, so that nothing is written that it lacks.`,
      remedy: `Start the upgrade with the files of release ${run.toVersion}; or give it up: upgate open`,
    };
  return {
    kind: "held",
    reason: `Release ${run.toVersion} is installed. The site is kept closed until somebody has looked at it.`,
    remedy: "Look at the site; then open it with the button Open the Site at /install.",
  };
}

function versionVerdict(facts: StateFacts, database: DatabaseFacts, installed: string | null): Verdict {
  const { codeVersion, filesVersion, pending } = facts;
  if (installed !== null && installed !== codeVersion && filesVersion !== codeVersion && compareVersions(installed, filesVersion) <= 0) {
    return {
      kind: "restart",
      reason: `The files on disk are release ${filesVersion}, but this process still runs ${codeVersion}.`,
      remedy:
        compareVersions(filesVersion, codeVersion) < 0
          ? `Restart the application. If it says so again, its files are of two releases: upload all files of one again, release.json too.`
          : "Restart the application.",
    };
  }
  const upgrading = installed === null || compareVersions(installed, codeVersion) < 0 || (installed === codeVersion && pending.length > 0);
  const obstacle = upgrading ? unsupportedVerdict(facts, installed) : patchVerdict(facts, installed);
  if (obstacle) return obstacle;
  if (facts.files) return { kind: "altered", ...facts.files };
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
          reason: `Release ${codeVersion} is installed, but there are pending migrations: ${listSome(pending)}.`,
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
      reason: `knex has kept this database so far, and there are pending migrations: ${listSome(pending)}.`,
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
  const full = compareVersions(installed, codeVersion) > 0 ? installed : codeVersion;
  return {
    kind: "unsupported",
    reason: `The patch set ${codeVersion} fits release ${release.appliesTo}, but ${installed} is installed.`,
    remedy: `Upload the full release ${full} or a later one, or a patch set made for ${installed}.`,
  };
}

function unsupportedVerdict(facts: StateFacts, installed: string | null): Verdict | null {
  const { codeVersion, release } = facts;
  const unsupported = (reason: string, remedy: string): Verdict => ({ kind: "unsupported", reason, remedy });
  const missing = release.missingFiles ?? [];
  if (missing.length > 0) {
    return unsupported(
      `The upload is incomplete, these files are missing: ${listSome(missing)}.`,
      `Upload all files of release ${codeVersion} again.`,
    );
  }
  if (installed === null) {
    return release.kind === "patch"
      ? unsupported(
          `Release ${codeVersion} is a patch set and can't be installed by itself.`,
          `Upload the full release ${codeVersion} or a later one.`,
        )
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

function listSome(names: readonly string[], most = 5): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")}, … (${names.length})`;
}
