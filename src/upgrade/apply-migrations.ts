import { setImmediate as statementsSent } from "node:timers/promises";
import { UpgateError } from "../core/errors.js";
import type { HistoryEntry, MigrationFile, StatementInDoubt } from "../core/migration.js";
import { pendingMigrations } from "../core/plan.js";
import type { Lease, Run } from "../core/run.js";
import type { LoadedMigration } from "../release/migration-set.js";
import { connectHost } from "../store/connect.js";
import { readHistory } from "../store/history.js";
import { HistoryProjector } from "./journal/history-projector.js";
import { openSession } from "./journal/open-session.js";
import type { MigrationSession } from "./journal/session.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import { type AttemptReport, inAttempts } from "./run-attempts.js";
import { RunLog } from "./run-log.js";
import { endOf, type RunnerOptions } from "./runner-options.js";

/** Which migration a failure belongs to. */
export interface Progress {
  migration: string | null;
  /** The statement that the database refused, without values; null: none, or the migration failed at something else. */
  statement: string | null;
}

/** Applies what is pending, in order; goes on after what passes by itself. Rejects with what stopped it. */
export async function applyMigrations(options: RunnerOptions, run: Run, keeper: LeaseKeeper, progress: Progress): Promise<void> {
  const { store, logger } = options;
  const projector = new HistoryProjector(store, run.id, keeper.lease.token);
  const log = new RunLog(store, logger, run.id);
  try {
    const signal = endOf(options, keeper);
    await inAttempts({ keeper, clock: store.clock, logger, signal }, (report, separate) =>
      attemptMigrations({ options, run, keeper, progress, projector, log, signal }, report, separate),
    );
  } finally {
    projector.stop();
    await log.flush();
  }
}

interface AttemptParts {
  readonly options: RunnerOptions;
  readonly run: Run;
  readonly keeper: LeaseKeeper;
  readonly progress: Progress;
  readonly projector: HistoryProjector;
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

async function attemptMigrations(parts: AttemptParts, report: AttemptReport, separate: boolean): Promise<void> {
  const { options, run, keeper, progress, projector, signal } = parts;
  const { store, logger, hooks, stop } = options;
  progress.migration = null;
  progress.statement = null;
  const opened = await openSession({
    store,
    logger,
    projector,
    runId: run.id,
    token: keeper.lease.token,
    by: holderLabel(keeper.lease),
    signal,
    spans: !separate && hooks?.beforeMigration === undefined,
    atPoint: hooks?.atPoint?.bind(hooks) ?? null,
    refuse: hooks?.refuse?.bind(hooks) ?? null,
    verify: (migration, inDoubt) => askMigration(options, migration, inDoubt),
    assertMayGoOn: () => {
      keeper.assertHeld();
      stop?.throwIfAborted();
      return keeper.isStale ? keeper.confirm() : undefined;
    },
  });
  try {
    const { pending, history } = await readPlan(options, run, opened.unfinished);
    const begunOf = new Map(history.filter(({ finishedAt }) => finishedAt === null).map((entry) => [entry.name, entry]));
    let next = loadSoon(options, pending[0]);
    for (const [index, file] of pending.entries()) {
      const loading = next as Promise<LoadedMigration>;
      next = loadSoon(options, pending[index + 1]);
      keeper.assertHeld();
      stop?.throwIfAborted();
      progress.migration = file.name;
      await applyMigration(parts, opened.session, file, loading, begunOf.get(file.name) ?? null);
      progress.migration = null;
    }
    await opened.session.commit();
  } catch (error) {
    progress.statement = opened.refusedStatement(error);
    throw error;
  } finally {
    report.progressed = opened.hasProgressed();
    await opened.close();
    // What was committed is told also when the run has failed.
    if (!keeper.signal.aborted) await projector.flush();
  }
}

/**
 * While the database works on the first statement of the migration before it. Its failure is seen when it is awaited: a
 * migration that is never come to may be as it likes.
 */
function loadSoon({ release }: RunnerOptions, file: MigrationFile | undefined): Promise<LoadedMigration> | null {
  if (!file) return null;
  const loading = statementsSent().then(() => release.migrations.load(file));
  loading.catch(() => undefined);
  return loading;
}

interface RunPlan {
  readonly pending: readonly MigrationFile[];
  readonly history: readonly HistoryEntry[];
}

async function readPlan({ store, release }: RunnerOptions, run: Run, unfinished: readonly string[]): Promise<RunPlan> {
  const { files, facts } = await release.read();
  const history = await readHistory(store.knex);
  refuseMissing(run, facts.missingFiles ?? [], history);
  const prunedBefore = run.kind === "install" ? null : (facts.prunedBefore ?? null);
  const pending = pendingMigrations(files, history, run.toVersion, prunedBefore);
  refuseLost(run, unfinished, pending);
  return { pending, history };
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

async function applyMigration(
  { options, signal, projector, log }: AttemptParts,
  session: MigrationSession,
  file: MigrationFile,
  loading: Promise<LoadedMigration>,
  begun: HistoryEntry | null,
): Promise<void> {
  const { context, logger, hooks, store } = options;
  const { module, sha256 } = await loading;
  if (begun && begun.sha256 !== sha256)
    logger.warn(
      `upgate: ${file.name} was changed since it was begun: what it has done already is not done again, the rest is as it is now.`,
    );
  await hooks?.beforeMigration?.(file.name);
  projector.started(file.name, file.version, sha256);
  // On SQLite nobody can write while the migration's transaction is open.
  if (store.dialect === "sqlite") await projector.flush();
  logger.info(`upgate: ${file.name} …`);
  await session.apply({ file, sha256, module, context: { rehearsal: context.rehearsal ?? false, signal, log: log.of(file.name) } });
  await log.flush();
}

/** Lets a migration say itself what became of its statement, on a connection of the host's own. */
async function askMigration({ release, store }: RunnerOptions, name: string, inDoubt: StatementInDoubt): Promise<boolean | undefined> {
  const file = (await release.read()).files.find((one) => one.name === name);
  const { verify } = file ? (await release.migrations.load(file)).module : {};
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
