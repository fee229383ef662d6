import type { Knex } from "knex";
import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import type { HistoryEntry, MigrationContext, MigrationFile } from "../core/migration.js";
import { pendingMigrations } from "../core/plan.js";
import type { Logger } from "../core/ports.js";
import type { Run, RunError } from "../core/run.js";
import type { Release } from "../release/release.js";
import { driverMessage } from "../store/driver-errors.js";
import { readHistory, recordFinish, recordStart } from "../store/history.js";
import { beatLease } from "../store/lease.js";
import { readRun, updateRun } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import { waitForNodes } from "./barrier.js";
import { withForeignKeysOff } from "./foreign-keys.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import { connectForMigrations } from "./statement-client.js";

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
  const { store, release } = options;
  const { files, facts } = await release.read();
  const history = await readHistory(store.knex);
  refuseMissing(run, facts.missingFiles ?? [], history);
  const prunedBefore = run.kind === "install" ? null : (facts.prunedBefore ?? null);
  const pending = pendingMigrations(files, history, run.toVersion, prunedBefore);
  const sent: Sent = { statements: 0, refusal: null };
  const knex = connectForMigrations(store.source.admin ?? store.source, {
    tag: (sequence) => `upgate:${run.id}:${sequence}:${keeper.lease.token}`,
    beforeStatement: () => {
      sent.refusal ??= keeper.signal.aborted ? keeper.signal.reason : options.stop?.aborted ? options.stop.reason : null;
      if (sent.refusal !== null) throw sent.refusal;
      sent.statements++;
    },
  });
  try {
    for (const file of pending) {
      keeper.assertHeld();
      options.stop?.throwIfAborted();
      progress.migration = file.name;
      sent.statements = 0;
      await applyMigration(options, run, keeper, knex, file, sent);
      progress.migration = null;
    }
  } finally {
    await knex.destroy();
  }
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

interface Sent {
  /** By the migration under way. */
  statements: number;
  /** Why a statement was not sent; null while none was refused. */
  refusal: unknown;
}

async function applyMigration(
  options: RunnerOptions,
  run: Run,
  keeper: LeaseKeeper,
  knex: Knex,
  file: MigrationFile,
  sent: Sent,
): Promise<void> {
  const { store, logger, release } = options;
  const { clock } = store;
  const module = await release.migrations.load(file);
  const sha256 = await release.migrations.checksum(file);
  await options.hooks?.beforeMigration?.(file.name);
  const beganMs = clock.nowMs();
  await whileBusy(() =>
    recordStart(store.knex, { name: file.name, version: file.version, sha256, runId: run.id, startedAt: clock.timestamp() }),
  );
  logger.info(`upgate: ${file.name} …`);
  const later = (): never => {
    throw new UpgateError("ERR_UPGATE_MIGRATION_STEP", "ctx.step and ctx.backfill are on their way.");
  };
  const ctx: MigrationContext = { rehearsal: false, signal: endOf(options, keeper), log: logger, step: later, backfill: later };
  const sendStatements = async (connection: Knex) => {
    await module.up(connection, ctx);
    // Also where the migration has caught the error: a statement that was not sent must not count as applied.
    if (sent.refusal !== null) throw sent.refusal;
    return { finishedAt: clock.timestamp(), durationMs: Math.round(clock.nowMs() - beganMs), statements: sent.statements };
  };
  const body = async (trx: Knex.Transaction): Promise<void> => {
    const finish = await sendStatements(trx);
    await fence(trx, keeper);
    await recordFinish(trx, file.name, finish);
  };
  if (module.config?.transaction === false) {
    const finish = await sendStatements(knex);
    keeper.assertHeld();
    await whileBusy(() => recordFinish(store.knex, file.name, finish));
  } else if (store.dialect === "sqlite") {
    await withForeignKeysOff(knex, body);
  } else {
    await knex.transaction(body);
  }
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
  if (isUpgateError(error)) return { code: error.code, message: error.message, remedy: error.remedy, migration };
  const cause = new UpgateError(
    "ERR_UPGATE_MIGRATION_FAILED",
    migration ? `The migration ${migration} failed: ${driverMessage(error)}` : messageOf(error),
    { cause: error },
  );
  return { code: cause.code, message: cause.message, remedy: cause.remedy, migration };
}
