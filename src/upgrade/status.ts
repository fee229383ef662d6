import { type PlannedMigration, planProgress } from "../core/plan.js";
import type { BackupClaim, Run, RunError, RunGoal } from "../core/run.js";
import { describeStep, fractionOf, type JournaledStep, type RunStep, stepLeftMs, stepOf } from "../core/run-step.js";
import { etaSeconds, percentDone } from "../core/run-weight.js";
import { sizeOf } from "../core/size.js";
import type { VersionState } from "../core/version-state.js";
import { readNodes } from "../store/nodes.js";
import { readHistoryOrNone } from "../store/snapshot.js";
import { readRestored } from "../store/restored-parts.js";
import { readActiveRun, readLatestRuns } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { isMissingTable, orAbsent } from "../store/driver-errors.js";
import { readLatestSteps } from "../store/journal.js";
import type { LiveStatements } from "../store/live-statements.js";
import { readRunLog, type RunLogLine } from "../store/run-log.js";
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
  /** What the database does just now; null where that is not seen. */
  readonly step: RunStep | null;
  /** One sentence about how far the step is, for people; null while no migration is under way. */
  readonly detail: string | null;
  /** What the migrations have logged last, oldest first, at most 20 lines. */
  readonly log: readonly RunLogLine[];
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

/** How many of the journal's entries are looked at. */
const MOST_STEPS = 100;
const SHOWN_LINES = 20;

/**
 * The unfinished run, else the last completed one if it brought this database to the code version. `live`: where the server's own list is
 * to be looked at for what is under way.
 */
export async function readStatus(store: Store, state: VersionState, live: LiveStatements | null = null): Promise<UpgradeStatus> {
  const { kind, codeVersion, installedVersion } = state;
  const run = await readShownRun(store, state);
  return { state: { kind, codeVersion, installedVersion }, run: run && (await readRunProgress(store, state, run, live)) };
}

/** How far a run is, or was; null for one that was never started. */
export async function readRunProgress(
  store: Store,
  { kind }: Pick<VersionState, "kind">,
  run: Run,
  live: LiveStatements | null = null,
): Promise<RunProgress | null> {
  if (!run.startedAt || run.status === "draft") return null;
  const status = run.status === "running" && kind === "interrupted" ? "interrupted" : shownStatus(run.status);
  const migrations =
    run.kind === "restore"
      ? restoreProgress(run.plan, await readRestored(store.knex, run.id), status)
      : planProgress(run.plan, await readHistoryOrNone(store.knex), status !== "running");
  const noted = status === "running" ? await readProgress(store, run.id) : null;
  const isMigrating = status === "running" && run.phase === "migrating" && run.goal === "upgrade";
  const { step, fraction } = isMigrating ? await readStep(store, run, migrations, live) : NO_STEP;
  const percent = noted && run.goal !== "upgrade" ? percentOf(noted) : percentDone(migrations, fraction);
  return {
    id: run.id,
    kind: run.kind,
    fromVersion: run.fromVersion,
    toVersion: run.toVersion,
    status,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    percent: status === "completed" ? 100 : Math.min(99, percent),
    etaSeconds: status === "running" ? etaSeconds(migrations, { fraction, leftMs: stepLeftMs(step) }) : null,
    migrations,
    activity: noted ? describeProgress(noted) : await readActivity(store, run, status, migrations, step),
    step,
    detail: isMigrating && migrations.some((migration) => migration.status === "running") ? describeStep(step) : null,
    log: (await orAbsent(() => readRunLog(store.knex, run.id), [])).slice(-SHOWN_LINES),
    drain: status === "running" && run.phase === "closing" && (run.drain === "asked" || run.drain === "waiting") ? run.drain : null,
    error: run.error,
    passedOver: run.passedOver,
    goal: run.goal,
    backup: run.backup,
  };
}

const NO_STEP = { step: null, fraction: 0 } as const;

/** What the journal, and the server where it can be asked, tell of the migration under way. */
async function readStep(
  store: Store,
  run: Run,
  migrations: readonly PlannedMigration[],
  live: LiveStatements | null,
): Promise<{ readonly step: RunStep | null; readonly fraction: number }> {
  const migration = migrations.find((one) => one.status === "running")?.name;
  if (migration === undefined) return NO_STEP;
  const { knex, clock, dialect } = store;
  const entries = await orAbsent<JournaledStep[]>(() => readLatestSteps(knex, run.id, MOST_STEPS), []);
  const facts = { migration, entries, live: (await live?.read(run.id)) ?? "unseen", now: clock.timestamp(), dialect };
  const step = stepOf(facts);
  return { step, fraction: fractionOf(facts, step) };
}

/** A run that was given up or superseded has come to an end, too. */
function shownStatus(status: Run["status"]): "running" | "failed" | "completed" {
  return status === "running" || status === "completed" ? status : "failed";
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
  step: RunStep | null,
): Promise<string> {
  const activity = activityOf(run, status, migrations);
  if (status !== "running") return activity;
  if (run.phase !== "closing") return activity + describeRows(step);
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
function describeRows(step: RunStep | null): string {
  if (step === null || step.rows === null) return "";
  return `, ${count(step.rows)}${step.totalRows === null ? "" : ` of ${count(step.totalRows)}`} rows`;
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}
