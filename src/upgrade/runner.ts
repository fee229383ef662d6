import type { Knex } from "knex";
import { isUpgateError, UpgateError } from "../core/errors.js";
import type { HistoryEntry, MigrationFile, StatementInDoubt } from "../core/migration.js";
import { pendingMigrations } from "../core/plan.js";
import type { Logger } from "../core/ports.js";
import type { Lease, Run, RunError } from "../core/run.js";
import type { Release } from "../release/release.js";
import { driverMessage } from "../store/driver-errors.js";
import { connectHost } from "../store/connect.js";
import { readHistory } from "../store/history.js";
import { beatLease } from "../store/lease.js";
import { readRun, updateRun } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import { waitForNodes } from "./barrier.js";
import { InDoubtError } from "./journal/doubt.js";
import { adviseOnFailure } from "./failure-advice.js";
import { HistoryProjector } from "./journal/history-projector.js";
import { openSession } from "./journal/open-session.js";
import type { MigrationSession } from "./journal/session.js";

import type { LeaseKeeper } from "./lease-keeper.js";
import { type AttemptReport, inAttempts } from "./run-attempts.js";

export interface RunnerOptions {
  readonly store: Store;
  readonly release: Release;
  readonly logger: Logger;
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  /** Aborts: the run stops after the statement under way and can be resumed. */
  readonly stop?: AbortSignal | undefined;
  readonly hooks?: RunHooks | undefined;
}

/** Where others may step in; an error thrown there fails the run as a migration's own would. */
export interface RunHooks {
  /** Awaited between two migrations: the one before is recorded, this one has left no trace. `name`: as in the history. */
  beforeMigration?(name: string): Promise<void>;
  /** Awaited at every moment at which a process may die with another outcome; the crash suite kills there. */
  atPoint?(moment: RunMoment): Promise<void> | void;
}

/**
 * `before-intent`: about to be journaled. `after-intent`: the intent is durable, the statement not sent. `sent`: on its way, not
 * answered. `after-statement`: answered, not recorded as done. `before-commit`: the journal's rows are written, not committed.
 * `after-commit`: they are. A statement that commits with its row has no intent.
 */
export type RunPoint = "before-intent" | "after-intent" | "sent" | "after-statement" | "before-commit" | "after-commit";

export interface RunMoment {
  readonly point: RunPoint;
  readonly migration: string | null;
  /** The statement's text; empty at a commit. */
  readonly statement: string;
}

export interface RunResult {
  readonly id: string;
  readonly status: "completed" | "failed" | "interrupted" | "aborted";
  readonly error: RunError | null;
}

/**
 * Carries a started run to its end under a held lease: waits until all nodes have closed, applies the pending migrations in
 * order, writes the version row last in one transaction with the run's end, gives the lease back. A migration's error ends
 * the run as `failed` and is in the result, a stop as `interrupted`; only a lost lease rejects, because then nothing may be
 * written any more.
 */
export async function executeRun(options: RunnerOptions, runId: string, keeper: LeaseKeeper): Promise<RunResult> {
  try {
    return await execute(options, runId, keeper);
  } finally {
    // However it ended: a beat without a runner behind it would pass for a live one.
    keeper.stop();
  }
}

async function execute(options: RunnerOptions, runId: string, keeper: LeaseKeeper): Promise<RunResult> {
  const { store, logger } = options;
  const run = await readRun(store.knex, runId);
  if (!run) throw new UpgateError("ERR_UPGATE_RUN_UNKNOWN", `There is no run ${runId} in ${store.source.label}.`);
  const progress: Progress = { migration: null };
  try {
    await closeNodes(options, run, keeper);
    await applyMigrations(options, run, keeper, progress);
    await finishRun(options, run, keeper);
  } catch (error) {
    if (keeper.signal.aborted || isUpgateError(error, "ERR_UPGATE_LEASE_LOST")) throw error;
    if (options.stop?.aborted) return stopped(run, keeper);
    const failure = toRunError(error, progress.migration);
    logger.error(`upgate: the run ${run.id} failed: ${failure.message}`, error);
    await whileBusy(() =>
      updateRun(store.knex, run.id, "running", { status: "failed", error: failure, finishedAt: store.clock.timestamp() }),
    );
    await keeper.release();
    return { id: run.id, status: "failed", error: failure };
  }
  logger.info(`upgate: ${run.toVersion} is installed.`);
  await keeper.release();
  return { id: run.id, status: "completed", error: null };
}

/** Without its lease the run counts as interrupted, for everybody and at once. */
async function stopped({ id }: Run, keeper: LeaseKeeper): Promise<RunResult> {
  await keeper.release();
  return { id, status: "interrupted", error: null };
}

interface Progress {
  migration: string | null;
}

async function closeNodes(options: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<void> {
  const { store, nodeTtlMs, pollMs, logger } = options;
  const signal = endOf(options, keeper);
  const passedOver = await waitForNodes(store, { epoch: run.epoch, nodeTtlMs, pollMs, signal });
  if (passedOver.length > 0) logger.warn(`upgate: went on without silent nodes: ${passedOver.join(", ")}`);
  await whileBusy(() => updateRun(store.knex, run.id, "running", { phase: "migrating", passedOver }));
}

async function applyMigrations(options: RunnerOptions, run: Run, keeper: LeaseKeeper, progress: Progress): Promise<void> {
  const { store, logger } = options;
  const projector = new HistoryProjector(store, run.id);
  try {
    await inAttempts({ keeper, clock: store.clock, logger, signal: endOf(options, keeper) }, (report, separate) =>
      attemptMigrations({ options, run, keeper, progress, projector }, report, separate),
    );
  } finally {
    projector.stop();
  }
}

interface AttemptParts {
  readonly options: RunnerOptions;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly progress: Progress;
  readonly projector: HistoryProjector;
}

async function attemptMigrations(parts: AttemptParts, report: AttemptReport, separate: boolean): Promise<void> {
  const { options, run, keeper, progress, projector } = parts;
  const { store, logger, hooks, stop } = options;
  progress.migration = null;
  const opened = await openSession({
    store,
    logger,
    projector,
    runId: run.id,
    token: keeper.lease.token,
    by: holderLabel(keeper.lease),
    signal: endOf(options, keeper),
    spans: !separate && hooks?.beforeMigration === undefined,
    atPoint: hooks?.atPoint?.bind(hooks) ?? null,
    verify: (migration, inDoubt) => askMigration(options, migration, inDoubt),
    assertMayGoOn: () => {
      keeper.assertHeld();
      stop?.throwIfAborted();
      return keeper.isStale ? keeper.confirm() : undefined;
    },
  });
  try {
    for (const file of await pendingFiles(options, run, opened.unfinished)) {
      keeper.assertHeld();
      stop?.throwIfAborted();
      progress.migration = file.name;
      await applyMigration(parts, opened.session, file);
      progress.migration = null;
    }
    await opened.session.commit();
  } finally {
    report.progressed = opened.hasProgressed();
    await opened.close();
    // What was committed is told also when the run has failed.
    if (!keeper.signal.aborted) await projector.flush();
  }
}

async function pendingFiles({ store, release }: RunnerOptions, run: Run, unfinished: readonly string[]): Promise<MigrationFile[]> {
  const { files, facts } = await release.read();
  const history = await readHistory(store.knex);
  refuseMissing(run, facts.missingFiles ?? [], history);
  const prunedBefore = run.kind === "install" ? null : (facts.prunedBefore ?? null);
  const pending = pendingMigrations(files, history, run.toVersion, prunedBefore);
  refuseLost(run, unfinished, pending);
  return pending;
}

/** An upload may have begun after the start, or before a retry: the version must not be written without all its migrations. */
function refuseMissing({ toVersion }: Run, missing: readonly string[], history: readonly HistoryEntry[]): void {
  const applied = new Set(history.filter(({ finishedAt }) => finishedAt !== null).map(({ name }) => name));
  const needed = missing.filter((name) => !applied.has(name));
  if (needed.length === 0) return;
  throw new UpgateError("ERR_UPGATE_RELEASE_CHANGED", `The upload of release ${toVersion} is incomplete; missing: ${needed.join(", ")}.`, {
    remedy: `Upload all files of release ${toVersion} again, then press Retry.`,
  });
}

/** A corrected release may change the rest of a migration that was carried out in part; without its file nobody can finish it. */
function refuseLost({ toVersion }: Run, unfinished: readonly string[], pending: readonly MigrationFile[]): void {
  const names = new Set(pending.map(({ name }) => name));
  const lost = unfinished.filter((name) => !names.has(name));
  if (lost.length === 0) return;
  const message = `${lost.join(", ")} was carried out in part, and release ${toVersion} does not have it.`;
  throw new UpgateError("ERR_UPGATE_RELEASE_CHANGED", message, {
    remedy: "Upload a release that has this migration, then press Retry; or restore the backup.",
  });
}

async function applyMigration({ options, keeper, projector }: AttemptParts, session: MigrationSession, file: MigrationFile): Promise<void> {
  const { logger, release, hooks, store } = options;
  const module = await release.migrations.load(file);
  const sha256 = await release.migrations.checksum(file);
  await hooks?.beforeMigration?.(file.name);
  projector.started(file.name, file.version, sha256);
  // On SQLite nobody can write while the migration's transaction is open.
  if (store.dialect === "sqlite") await projector.flush();
  logger.info(`upgate: ${file.name} …`);
  await session.apply({ file, sha256, module, context: { rehearsal: false, signal: endOf(options, keeper), log: logger } });
}

/** Lets a migration say itself what became of its statement, on a connection of the host's own. */
async function askMigration({ release, store }: RunnerOptions, name: string, inDoubt: StatementInDoubt): Promise<boolean | undefined> {
  const file = (await release.read()).files.find((one) => one.name === name);
  const { verify } = file ? await release.migrations.load(file) : {};
  if (!verify) return undefined;
  const knex = connectHost(store.source.admin ?? store.source);
  try {
    const verdict = await verify(knex, inDoubt);
    return typeof verdict === "boolean" ? verdict : undefined;
  } finally {
    await knex.destroy();
  }
}

function holderLabel({ holder }: Lease): string {
  return `${holder?.host ?? "?"} (process ${holder?.pid ?? "?"})`;
}

async function finishRun({ store }: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<void> {
  const finishedAt = store.clock.timestamp();
  await whileBusy(() => updateRun(store.knex, run.id, "running", { phase: "finishing" }));
  await ensureVersionTable(store);
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      await fence(trx, keeper);
      await writeVersionRow(trx, store.versionRow, run.toVersion, finishedAt);
      await updateRun(trx, run.id, "running", { status: "completed", phase: "done", active: false, finishedAt, error: null });
    }),
  );
}

function endOf({ stop }: RunnerOptions, { signal }: LeaseKeeper): AbortSignal {
  return stop ? AbortSignal.any([signal, stop]) : signal;
}

/** Locks the lease's row for the rest of the transaction, or finds that it is another's. */
async function fence(trx: Knex.Transaction, keeper: LeaseKeeper): Promise<void> {
  keeper.assertHeld();
  if (!(await beatLease(trx, keeper.lease.token)))
    throw new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade.");
}

function toRunError(error: unknown, migration: string | null): RunError {
  const inDoubt = error instanceof InDoubtError ? { inDoubt: error.inDoubt } : {};
  if (isUpgateError(error)) return { code: error.code, message: error.message, remedy: error.remedy, migration, ...inDoubt };
  const advice = adviseOnFailure(error);
  const told = advice ? `${advice.message} (${driverMessage(error)})` : driverMessage(error);
  const cause = new UpgateError("ERR_UPGATE_MIGRATION_FAILED", migration ? `The migration ${migration} failed: ${told}` : told, {
    cause: error,
    ...(advice ? { remedy: advice.remedy } : {}),
  });
  return { code: cause.code, message: cause.message, remedy: cause.remedy, migration };
}
