import type { KnownHistory } from "../core/adopted-history.js";
import type { BackupCall } from "../core/backup.js";
import type { Logger } from "../core/ports.js";
import type { Rehearsal } from "../core/rehearsal.js";
import type { Run } from "../core/run.js";
import { deriveVersionState } from "../core/derive-version-state.js";
import type { FilesFact, StateFacts, VersionState } from "../core/version-state.js";
import { pendingMigrations } from "../core/plan.js";
import type { Checksums } from "../release/checksums.js";
import type { ReleaseReading } from "../release/release.js";
import type { Snapshot, Traces } from "../store/snapshot.js";
import type { Store } from "../store/store.js";
import type { Integrity } from "./integrity.js";
import type { LeaseObserver } from "./lease-observer.js";
import type { RunHooks } from "./run-hooks.js";
import type { Settings } from "./settings.js";

/** What watcher, upgrader and command line share. */
export interface UpgradeContext {
  readonly settings: Settings;
  readonly store: Store;
  readonly logger: Logger;
  /** One for the whole process: to judge a holder on another host takes some time of watching. */
  readonly leaseObserver: LeaseObserver;
  /** One for the whole process: it remembers the files that it has read. */
  readonly checksums: Checksums;
  /** One for the whole process, for the same reason. */
  readonly integrity: Integrity;
  /** For runs inside this process. */
  readonly hooks?: RunHooks;
  /** True while the upgrade is tried on a copy of the database. */
  readonly rehearsal?: boolean;
  /** Tries the upgrade on a copy that is made of a backup: a run within a run, so it is given from above. */
  readonly rehearse?: (backupId: string, call: BackupCall) => Promise<Rehearsal>;
}

/** A moment's reading of everything the state depends on. */
export interface StateReading {
  readonly release: ReleaseReading;
  readonly snapshot: Snapshot;
  readonly leaseAlive: boolean;
  readonly autoResumes: number;
  readonly history: KnownHistory;
  readonly files: FilesFact | null;
  /** Null when there is a version row. */
  readonly traces: Traces | null;
}

export function stateOf(codeVersion: string, reading: StateReading): VersionState {
  const { release, snapshot, leaseAlive, autoResumes, history, files, traces } = reading;
  const hasHistory = traces?.hasHistory ?? history.entries.length > 0;
  const hasForeignTables = traces?.hasForeignTables ?? true;
  const isEmpty = snapshot.versionRow.kind === "absent" && !hasHistory && !hasForeignTables;
  const facts: StateFacts = {
    codeVersion,
    filesVersion: release.filesVersion,
    pending: pendingMigrations(release.files, history.entries, codeVersion, isEmpty ? null : (release.facts.prunedBefore ?? null)).map(
      ({ name }) => name,
    ),
    release: { ...release.facts, missingFiles: notApplied(release.facts.missingFiles ?? [], history) },
    files,
    database: {
      kind: "read",
      versionRow: snapshot.versionRow,
      run: isStarted(snapshot.run) ? snapshot.run : null,
      leaseAlive,
      autoResumes,
      newerProtocol: snapshot.newerProtocol,
      hasHistory,
      hasForeignTables,
      historyOrigin: history.origin,
    },
  };
  return deriveVersionState(facts);
}

function notApplied(names: readonly string[], { entries }: KnownHistory): readonly string[] {
  if (names.length === 0) return names;
  const applied = new Set(entries.filter(({ finishedAt }) => finishedAt !== null).map(({ name }) => name));
  return names.filter((name) => !applied.has(name));
}

/** A draft counts when it keeps the site closed. */
function isStarted(run: Pick<Run, "status" | "phase"> | null): boolean {
  return run !== null && (run.status !== "draft" || run.phase === "ready");
}
