import { isUpgateError, UpgateError } from "../core/errors.js";
import type { Run, RunError } from "../core/run.js";
import { driverMessage } from "../store/driver-errors.js";
import { readHistory } from "../store/history.js";
import { readLastSequence } from "../store/journal.js";
import type { Store } from "../store/store.js";
import { readRun, updateRun } from "../store/runs.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import { applyMigrations, type Progress } from "./apply-migrations.js";
import { waitForNodes } from "./barrier.js";
import { assertFenced } from "./fence.js";
import { InDoubtError } from "./journal/doubt.js";
import { adviseOnFailure } from "./failure-advice.js";

import type { LeaseKeeper } from "./lease-keeper.js";
import type { RunResult } from "./run-result.js";
import { backUp, giveBack, prepare } from "./run-backup.js";
import { restoreBackup } from "./run-restore.js";
import { endOf, type RunnerOptions } from "./runner-options.js";

/**
 * Carries a started run to its end under a held lease: waits until all nodes have closed, makes the backup that is wanted, applies the
 * pending migrations in order, writes the version row last in one transaction with the run's end, gives the lease back; or what else
 * the run's goal is. A migration's error ends
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
  const progress: Progress = { migration: null, statement: null };
  try {
    await closeNodes(options, run, keeper);
    switch (run.goal) {
      case "upgrade":
        if (run.backup?.kind === "wanted") await backUp(options, run, keeper);
        await applyMigrations(options, run, keeper, progress);
        await finishRun(options, run, keeper);
        break;
      case "backup":
      case "rehearsal":
        return await prepare(options, run, keeper);
      case "restore":
        return await restoreBackup(options, run, keeper);
    }
  } catch (error) {
    if (keeper.signal.aborted || isUpgateError(error, "ERR_UPGATE_LEASE_LOST")) throw error;
    if (run.goal === "backup" || run.goal === "rehearsal")
      return giveBack(options, run, keeper, toRunError(error, { migration: null, statement: null }));
    if (options.stop?.aborted) return stopped(run, keeper);
    if (isUpgateError(error, "ERR_UPGATE_DRAIN_ABORTED")) return givenUp(options, run, keeper);
    const failure = toRunError(error, progress);
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

/** Before its first statement there is nothing to go on with; a run that was resumed stays as it was. */
async function givenUp({ store, logger }: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<RunResult> {
  if (await hasBegun(store, run)) return stopped(run, keeper);
  const change = { status: "aborted", phase: "done", active: false, finishedAt: store.clock.timestamp() } as const;
  await whileBusy(() => updateRun(store.knex, run.id, "running", change));
  await keeper.release();
  logger.warn(`upgate: the run ${run.id} was given up before it changed anything.`);
  return { id: run.id, status: "aborted", error: null };
}

/** A run that supersedes another goes on with what that has left. */
async function hasBegun({ knex }: Store, { id }: Run): Promise<boolean> {
  const history = await readHistory(knex);
  return history.some(({ runId, finishedAt }) => runId === id || finishedAt === null) || (await readLastSequence(knex, id)) > 0;
}

async function closeNodes(options: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<void> {
  const { store, nodeTtlMs, pollMs, drainTimeoutMs, logger } = options;
  const signal = endOf(options, keeper);
  const onWait = (waiting: string): void => logger.info(`upgate: ${waiting}`);
  const passedOver = await waitForNodes(store, { run, nodeTtlMs, pollMs, drainTimeoutMs, signal, onWait });
  if (passedOver.length > 0) logger.warn(`upgate: went on without silent nodes: ${passedOver.join(", ")}`);
  const phase = NEXT_PHASES[run.goal === "upgrade" && run.backup?.kind === "wanted" ? "backup" : run.goal];
  await whileBusy(() => updateRun(store.knex, run.id, "running", { phase, passedOver: [...new Set([...run.passedOver, ...passedOver])] }));
}

const NEXT_PHASES = { upgrade: "migrating", backup: "backup", rehearsal: "rehearsal", restore: "restoring" } as const;

async function finishRun({ store }: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<void> {
  const finishedAt = store.clock.timestamp();
  await whileBusy(() => updateRun(store.knex, run.id, "running", { phase: "finishing" }));
  await ensureVersionTable(store);
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      await assertFenced(trx, keeper);
      await writeVersionRow(trx, store.versionRow, run.toVersion, finishedAt);
      const end = run.hold ? ({ phase: "held" } as const) : ({ phase: "done", active: false } as const);
      await updateRun(trx, run.id, "running", { status: "completed", ...end, finishedAt, error: null });
    }),
  );
}

function toRunError(error: unknown, { migration, statement: refused }: Progress): RunError {
  const inDoubt = error instanceof InDoubtError ? { inDoubt: error.inDoubt } : {};
  const statement = refused === null ? {} : { statement: refused };
  if (isUpgateError(error)) return { code: error.code, message: error.message, remedy: error.remedy, migration, ...statement, ...inDoubt };
  const advice = adviseOnFailure(error);
  const told = advice ? `${advice.message} (${driverMessage(error)})` : driverMessage(error);
  const cause = new UpgateError("ERR_UPGATE_MIGRATION_FAILED", migration ? `The migration ${migration} failed: ${told}` : told, {
    cause: error,
    ...(advice ? { remedy: advice.remedy } : {}),
  });
  return { code: cause.code, message: cause.message, remedy: cause.remedy, migration, ...statement };
}
