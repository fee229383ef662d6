import type { BackupManifest } from "../core/backup.js";
import { messageOf } from "../core/errors.js";
import type { BackupClaim, MadeBackup, Run, RunError } from "../core/run.js";
import { readRun, updateRun } from "../store/runs.js";
import { whileBusy } from "../store/tables.js";
import { Backups, madeBackup } from "./backups.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import { recordRehearsal } from "./rehearsal-record.js";
import { ProgressNote } from "./run-progress.js";
import type { RunResult } from "./run-result.js";
import { endOf, type RunnerOptions } from "./runner-options.js";

/** Makes the backup that the run wants, with the site closed everywhere, and notes it in the run. */
export async function backUp(options: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<MadeBackup> {
  const { context, store, logger } = options;
  const backups = new Backups(context);
  const signal = endOf(options, keeper);
  logger.info("upgate: backing up the database …");
  const manifest = await ProgressNote.during(store, run.id, "backup", (onProgress) => backups.create(run.id, { signal, onProgress }));
  tellBackup(options, manifest);
  const made = madeBackup(manifest);
  const backup: BackupClaim = { ...(run.backup as BackupClaim), kind: "made", made };
  const phase = run.goal === "upgrade" ? ("migrating" as const) : run.phase;
  await keeper.confirm();
  await whileBusy(() => updateRun(store.knex, run.id, "running", { backup, phase }));
  await prune(options, backups);
  return made;
}

/** An old backup that can't be removed is no reason not to upgrade. */
async function prune({ logger }: RunnerOptions, backups: Backups): Promise<void> {
  try {
    await backups.prune();
  } catch (error) {
    logger.warn(`upgate: old backups can't be removed: ${messageOf(error)}`);
  }
}

function tellBackup({ logger }: RunnerOptions, { id, bytes, proof }: BackupManifest): void {
  const proven = proof?.how === "restored" ? "restored into a scratch database and compared" : "read to its end";
  logger.info(`upgate: the backup ${id} is made, ${bytes} bytes, proven: ${proven}.`);
}

/** The goals `backup` and `rehearsal`: afterwards the run is a draft that keeps the site closed until it is started. */
export async function prepare(options: RunnerOptions, run: Run, keeper: LeaseKeeper): Promise<RunResult> {
  const { context, store } = options;
  const kept = run.goal === "rehearsal" ? run.backup?.made : undefined;
  const made = kept ?? (await backUp(options, run, keeper));
  if (run.goal === "rehearsal") {
    await whileBusy(() => updateRun(store.knex, run.id, "running", { phase: "rehearsal" }));
    const signal = endOf(options, keeper);
    const { rehearse } = context;
    if (rehearse === undefined) throw new Error("This context can't rehearse.");
    const rehearsal = await ProgressNote.during(store, run.id, "rehearsal", (onProgress) => rehearse(made.id, { signal, onProgress }));
    await recordRehearsal(store, rehearsal);
  }
  return toDraft(options, run, keeper, { phase: "ready", error: null });
}

/** What could not be prepared: the site opens again, as far as its versions allow, and the operator is told why. */
export async function giveBack(options: RunnerOptions, run: Run, keeper: LeaseKeeper, error: RunError): Promise<RunResult> {
  options.logger.error(`upgate: ${error.message}`);
  const hasBackup = (await readRun(options.store.knex, run.id))?.backup?.kind === "made";
  return toDraft(options, run, keeper, { phase: hasBackup ? "ready" : "starting", error });
}

async function toDraft(
  { store }: RunnerOptions,
  { id }: Run,
  keeper: LeaseKeeper,
  { phase, error }: { readonly phase: "ready" | "starting"; readonly error: RunError | null },
): Promise<RunResult> {
  const change = { status: "draft", goal: "upgrade", phase, error, startedAt: null, finishedAt: null } as const;
  await whileBusy(() => updateRun(store.knex, id, "running", change));
  await keeper.release();
  return error ? { id, status: "failed", error } : { id, status: "prepared", error: null };
}
