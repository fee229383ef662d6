import type { BackfillProgress } from "../core/backfill.js";
import { etaSeconds, percentApplied, type PlannedMigration, planProgress } from "../core/plan.js";
import type { BackupClaim, Run, RunError, RunGoal } from "../core/run.js";
import { sizeOf } from "../core/size.js";
import type { VersionState } from "../core/version-state.js";
import { readNodes } from "../store/nodes.js";
import { readHistoryOrNone } from "../store/snapshot.js";
import { readRestored } from "../store/restored-parts.js";
import { readActiveRun, readLatestRuns } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { isMissingTable, orAbsent } from "../store/driver-errors.js";
import { readLastBackfill } from "../store/journal.js";
import { describeWaiting } from "./barrier.js";
import { type NotedProgress, readProgress } from "./run-progress.js";

/** The `status` JSON of the HTTP contract, with what pages need besides. */
export interface UpgradeStatus {
  readonly state: Pick<VersionState, "kind" | "codeVersion" | "installedVersion">;
  readonly run: RunProgress | null;
}

export interface RunProgress {
  readonly id: string;
  readonly kind: Run["kind"];
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** `interrupted` is derived: running, but its process is gone. */
  readonly status: "running" | "interrupted" | "failed" | "completed";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** 0 to 100; 100 only when the run is completed. */
  readonly percent: number;
  readonly etaSeconds: number | null;
  readonly migrations: readonly PlannedMigration[];
  /** What the runner does just now, for people. */
  readonly activity: string;
  /**
   * Where requests are still under way on some node after `drainTimeoutMs`: `asked`, the operator says what to do about them; `waiting`, it
   * goes on waiting, and the operator may still say otherwise.
   */
  readonly drain: "asked" | "waiting" | null;
  readonly error: RunError | null;
  /** Nodes that gave no sign of life when the site was closed, each with what of it nobody could end. */
  readonly passedOver: readonly string[];
  /** What the runner is about. */
  readonly goal: RunGoal;
  /** Whose word it is that there is a backup, and which; null: nobody was asked, the database being empty. */
  readonly backup: BackupClaim | null;
}

/** The unfinished run, else the last completed one if it brought this database to the code version. */
export async function readStatus(store: Store, state: VersionState): Promise<UpgradeStatus> {
  const { kind, codeVersion, installedVersion } = state;
  const run = await readShownRun(store, state);
  if (!run?.startedAt) return { state: { kind, codeVersion, installedVersion }, run: null };
  const status = run.status === "running" && kind === "interrupted" ? "interrupted" : (run.status as "running" | "failed" | "completed");
  const migrations =
    run.kind === "restore"
      ? restoreProgress(run.plan, await readRestored(store.knex, run.id), status)
      : planProgress(run.plan, await readHistoryOrNone(store.knex), status !== "running");
  const noted = status === "running" ? await readProgress(store, run.id) : null;
  return {
    state: { kind, codeVersion, installedVersion },
    run: {
      id: run.id,
      kind: run.kind,
      fromVersion: run.fromVersion,
      toVersion: run.toVersion,
      status,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
      percent: status === "completed" ? 100 : Math.min(99, noted && run.goal !== "upgrade" ? percentOf(noted) : percentApplied(migrations)),
      etaSeconds: status === "running" ? etaSeconds(migrations) : null,
      migrations,
      activity: noted ? describeProgress(noted) : await readActivity(store, run, status, migrations),
      drain: status === "running" && run.phase === "closing" && (run.drain === "asked" || run.drain === "waiting") ? run.drain : null,
      error: run.error,
      passedOver: run.passedOver,
      goal: run.goal,
      backup: run.backup,
    },
  };
}

async function readShownRun(store: Store, state: VersionState): Promise<Run | null> {
  try {
    const active = await readActiveRun(store.knex);
    if (active && active.status !== "draft") return active;
    const [last] = await readLatestRuns(store.knex, 1);
    if (last?.status !== "completed" || last.toVersion !== (state.installedVersion ?? last.toVersion)) return null;
    return state.kind === "current" || last.kind === "restore" ? last : null;
  } catch (error) {
    if (isMissingTable(error)) return null;
    throw error;
  }
}

async function readActivity(
  store: Store,
  run: Run,
  status: RunProgress["status"],
  migrations: readonly PlannedMigration[],
): Promise<string> {
  const activity = activityOf(run, status, migrations);
  if (status !== "running") return activity;
  if (run.phase !== "closing") return activity + (await readBatches(store, run, migrations));
  const nodes = await orAbsent(() => readNodes(store.knex), []);
  const open = nodes.filter(({ epoch }) => epoch < run.epoch);
  return open.length === 0 ? activity : `Closing the site for visitors: ${describeWaiting(open, nodes.length)}`;
}

/** Every table at once where the database does it in one transaction. */
function restoreProgress(plan: Run["plan"], restored: ReadonlySet<string>, status: RunProgress["status"]): PlannedMigration[] {
  const isDone = (name: string): boolean => status === "completed" || restored.has(name);
  return plan.map(({ name, version }) => ({ name, version, status: isDone(name) ? "applied" : "pending", ms: null }));
}

function percentOf({ bytes, totalBytes }: NotedProgress): number {
  return totalBytes === null || totalBytes === 0 ? 0 : Math.min(99, Math.floor((bytes / totalBytes) * 100));
}

const PHASE_WORDS = {
  backup: "Backing up the database",
  rehearsal: "Trying the upgrade on a copy of the database",
  restoring: "Restoring the backup",
} as const;

function describeProgress({ phase, bytes, totalBytes, table }: NotedProgress): string {
  const much = totalBytes === null ? sizeOf(bytes) : `${sizeOf(bytes)} of about ${sizeOf(Math.max(bytes, totalBytes))}`;
  return `${PHASE_WORDS[phase]}: ${much}${table === null ? "" : `, ${table}`}`;
}

function activityOf(run: Run, status: RunProgress["status"], migrations: readonly PlannedMigration[]): string {
  if (status === "completed") return "Finished.";
  if (status === "failed") return "Stopped by an error.";
  if (status === "interrupted") return "Interrupted.";
  if (run.phase === "starting" || run.phase === "closing") return "Closing the site for visitors…";
  if (run.phase === "backup" || run.phase === "rehearsal" || run.phase === "restoring") return `${PHASE_WORDS[run.phase]}…`;
  if (run.phase === "finishing") return "Writing the new version…";
  const current = migrations.find((migration) => migration.status === "running");
  return current ? `Changing the database: ${current.name}` : "Changing the database…";
}

/** How far a backfill has come; empty where none is under way. */
async function readBatches({ knex }: Store, { id }: Run, migrations: readonly PlannedMigration[]): Promise<string> {
  const current = migrations.find((migration) => migration.status === "running");
  const last = current ? await orAbsent(() => readLastBackfill(knex, id), null) : null;
  if (!last?.answer || last.migration !== current?.name) return "";
  const { rows, total, finished } = JSON.parse(last.answer) as BackfillProgress;
  if (finished) return "";
  return `, ${count(rows)}${total === null || total < rows ? "" : ` of ${count(total)}`} rows`;
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}
