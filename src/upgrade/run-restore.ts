import type { Knex } from "knex";
import type { BackupManifest } from "../core/backup.js";
import { isUpgateError, type UpgateError } from "../core/errors.js";
import type { Run } from "../core/run.js";
import { isMissingTable } from "../store/driver-errors.js";
import { forgetRestored, insertRestored, readRestored } from "../store/restored-parts.js";
import { readLatestRuns, type RunChange, updateRun } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { baseName, ensureTables, NEVER_BACKED_UP, whileBusy } from "../store/tables.js";
import { Backups } from "./backups.js";
import { assertFenced } from "./fence.js";
import { connectionLock, silencePredecessors } from "./journal/silence.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import { ProgressNote } from "./run-progress.js";
import type { RunResult } from "./run-result.js";
import { endOf, type RunnerOptions } from "./runner-options.js";

/** Restored before all others: the restore keeps its own journal in them. */
const FIRST = ["upgate_journal", "upgate_migration", "upgate_fact"];

/**
 * The goal `restore`: brings the database to what the backup holds, table by table. What an earlier attempt has restored is not
 * restored again. The version row comes last: the gate is closed all through by the run itself. A backup that turns out to be damaged
 * before anything was dropped gives the place back to the run that it was to undo.
 */
export async function restoreBackup(options: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<RunResult> {
  const { context, store } = options;
  const backups = new Backups(context);
  await endPredecessors(options, run);
  const done = await readRestored(store.knex, run.id);
  let manifest: BackupManifest;
  try {
    manifest = await backups.checked(run.backup?.made?.id ?? "", { signal: endOf(options, keeper), onProgress: () => undefined });
  } catch (error) {
    if (!isUpgateError(error) || done.size > 0) throw error;
    return stepBack(options, run, keeper, error);
  }
  await restoreParts(options, { run, keeper, backups, manifest, done });
  return finishRestore(options, run, keeper);
}

interface RestoreParts {
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly backups: Backups;
  readonly manifest: BackupManifest;
  readonly done: ReadonlySet<string>;
}

async function restoreParts(options: RunnerOptions, { run, keeper, backups, manifest, done }: RestoreParts): Promise<void> {
  const { store, logger } = options;
  const { id } = manifest;
  const signal = endOf(options, keeper);
  logger.info(`upgate: restoring the backup ${id}${done.size > 0 ? `, ${done.size} parts are restored already` : ""} …`);
  const token = keeper.lease.token;
  await ProgressNote.during(store, run.id, "restoring", (onProgress) =>
    backups.restore(manifest, lockSql(run.id), {
      keep: NEVER_BACKED_UP,
      first: FIRST,
      last: [baseName(store.versionRow.table)],
      done,
      signal,
      onProgress,
      beforePart: async (part) => {
        logger.info(`upgate: restoring ${part} …`);
        await keeper.confirm();
      },
      onPart: async (part, trx) => {
        if (trx !== null) await assertFenced(trx, keeper);
        await record(store, trx ?? store.knex, { runId: run.id, token, part, at: store.clock.timestamp() });
      },
    }),
  );
}

/** Nothing was dropped: what the restore was to undo can be gone on with, or another backup be restored. */
async function stepBack({ store, logger }: RunnerOptions, run: Run, keeper: LeaseKeeper, error: UpgateError): Promise<RunResult> {
  const { code, message, remedy } = error;
  const failure = { code, message, remedy, migration: null };
  const before = (await readLatestRuns(store.knex, 2)).find(({ id }) => id !== run.id);
  const mayGoOn = before?.toVersion === run.fromVersion && (before.status === "failed" || before.status === "superseded");
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      await assertFenced(trx, keeper);
      const ended = { status: "failed", phase: "done", active: false, error: failure, finishedAt: store.clock.timestamp() } as const;
      await updateRun(trx, run.id, "running", ended);
      if (before && mayGoOn) await updateRun(trx, before.id, before.status, reactivated(before));
    }),
  );
  await keeper.release();
  logger.error(`upgate: ${message}`);
  return { id: run.id, status: "failed", error: failure };
}

/** One whose process had died has no end. */
function reactivated({ status }: Run): RunChange {
  return status === "failed"
    ? { active: true, phase: "migrating" }
    : { active: true, phase: "migrating", status: "running", finishedAt: null };
}

/** The journal is restored with the rest: it may be gone just now, and a backup of before upgate has none. */
async function record(store: Store, knex: Knex, entry: Parameters<typeof insertRestored>[1]): Promise<void> {
  try {
    await whileBusy(() => insertRestored(knex, entry));
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    await ensureTables(store);
    await whileBusy(() => insertRestored(knex, entry));
  }
}

async function finishRestore({ store, logger }: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<RunResult> {
  const change = { status: "completed", phase: "done", active: false, finishedAt: store.clock.timestamp(), error: null } as const;
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      await assertFenced(trx, keeper);
      await updateRun(trx, run.id, "running", change);
      // The journal, too, is now as it was then: the run's row says the rest.
      await forgetRestored(trx, run.id);
    }),
  );
  await keeper.release();
  logger.info("upgate: the backup is restored.");
  return { id: run.id, status: "completed", error: null };
}

/** Client programs of a runner that died may still be loading a table; and the upgrade's own last ALTER may go on in the server. */
async function endPredecessors(options: RunnerOptions, run: Run): Promise<void> {
  const { store, logger } = options;
  if (store.dialect !== "mysql") return;
  const runIds = (await readLatestRuns(store.knex, 2)).map(({ id }) => id);
  await store.asAdmin(async (knex) => {
    const send = async (sql: string, bindings?: readonly unknown[]): Promise<readonly Record<string, unknown>[]> =>
      ((await knex.raw(sql, (bindings ?? []) as never[])) as [readonly Record<string, unknown>[]])[0];
    const onWait = (statements: readonly string[]): void =>
      logger.warn(`upgate: an earlier process of this run still has ${statements.length} connection(s) in the server; ending them.`);
    await silencePredecessors(send, {
      runIds: [...new Set([run.id, ...runIds])],
      signal: options.stop ?? new AbortController().signal,
      onWait,
    });
  });
}

/** The session before may have ended, but not yet in the server. */
const LOCK_SECONDS = 10;

/** What a client program's session begins with: a later process finds it by that. */
function lockSql(runId: string): (session: number) => string {
  return (session) => `SELECT GET_LOCK('${connectionLock(runId, session)}', ${LOCK_SECONDS})`;
}
