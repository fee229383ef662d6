import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import type { Lease, Run } from "../core/run.js";
import { isMissingTable } from "../store/driver-errors.js";
import { handOverLease, readLease, releaseLease } from "../store/lease.js";
import { readRun, updateRun } from "../store/runs.js";
import { whileBusy } from "../store/tables.js";
import type { UpgradeContext } from "./context.js";
import { launchDetached } from "./launcher.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { processIdentity } from "./process-identity.js";
import { announceEnd } from "./notifications/announce.js";
import { executeRun } from "./runner.js";
import type { RunResult } from "./run-result.js";
import type { RunnerOptions } from "./runner-options.js";

/** `process`: a process of its own, where there is a configuration file. `here`: inside this one. */
export type RunPlace = "process" | "here";

/** Whether a run of that place ends with this process. */
export function isHere({ settings }: UpgradeContext, place: RunPlace): boolean {
  return place === "here" || settings.configFile === null;
}

/** Has a begun run carried out under the lease that this process holds; resolves when it is over, and never rejects. */
export async function carryOut(
  context: UpgradeContext,
  runId: string,
  lease: Lease,
  place: RunPlace,
  stop?: AbortSignal,
): Promise<RunResult> {
  const { settings, logger } = context;
  try {
    if (place === "process" && settings.configFile !== null) return await inItsOwnProcess(context, settings.configFile, runId, lease);
    if (place === "process")
      logger.warn("upgate: there is no upgate.config file, so the upgrade runs inside this process; a restart would interrupt it.");
    const result = await executeRun(runnerOptions(context, stop), runId, keep(context, lease));
    await announceEnd(context, runId, stop);
    return result;
  } catch (error) {
    // Whoever took over, or finds the run without a live lease, goes on; this process can only say so.
    if (!stop?.aborted) logger.error(`upgate: this process lost the run ${runId}: ${messageOf(error)}`, error);
    return { id: runId, status: "interrupted", error: null };
  }
}

/**
 * The runner's own process: takes the lease over from the one that began the run. Throws `ERR_UPGATE_RUN_UNKNOWN`,
 * `ERR_UPGATE_RELEASE_CHANGED` or `ERR_UPGATE_LEASE_LOST` when it may not, having changed nothing.
 */
export async function takeOver(context: UpgradeContext, runId: string, token: number, stop?: AbortSignal): Promise<RunResult> {
  const { store, settings } = context;
  const run = await readKnownRun(context, runId);
  if (run.kind !== "restore" && run.toVersion !== settings.options.version) {
    const message = `The run leads to release ${run.toVersion}, but the files are ${settings.options.version}.`;
    throw new UpgateError("ERR_UPGATE_RELEASE_CHANGED", message);
  }
  const lease = await whileBusy(() => handOverLease(store.knex, token, processIdentity(), store.clock.timestamp()));
  if (!lease) throw new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade.");
  const result = await executeRun(runnerOptions(context, stop), runId, keep(context, lease));
  await announceEnd(context, runId, stop);
  return result;
}

/** Throws `ERR_UPGATE_RUN_UNKNOWN`. */
async function readKnownRun({ store }: UpgradeContext, runId: string): Promise<Run> {
  const run = await readRun(store.knex, runId).catch((error: unknown) => {
    if (isMissingTable(error)) return null;
    throw error;
  });
  if (!run) throw new UpgateError("ERR_UPGATE_RUN_UNKNOWN", `There is no run ${runId} in ${store.source.label}.`);
  return run;
}

async function inItsOwnProcess(context: UpgradeContext, configFile: string, runId: string, lease: Lease): Promise<RunResult> {
  const { store, settings } = context;
  const keeper = keep(context, lease);
  try {
    await launchDetached({ configFile, runId, token: lease.token, dataDir: settings.dataDir });
  } catch (error) {
    // The lease still being ours means that the process ended before it had begun.
    if (isUpgateError(error) && (await readLease(store.knex))?.token === lease.token) await recordFailedStart(context, runId, error);
  } finally {
    keeper.stop();
  }
  await whileBusy(() => releaseLease(store.knex, lease.token));
  return resultOf(await readKnownRun(context, runId));
}

async function recordFailedStart({ store, logger }: UpgradeContext, runId: string, { code, message, remedy }: UpgateError): Promise<void> {
  logger.error(`upgate: ${message}`);
  const change = { status: "failed", error: { code, message, remedy, migration: null }, finishedAt: store.clock.timestamp() } as const;
  await whileBusy(() => updateRun(store.knex, runId, "running", change));
}

function resultOf({ id, status, error }: Run): RunResult {
  if (status === "draft") return { id, status: error ? "failed" : "prepared", error };
  return status === "completed" || status === "failed" || status === "aborted"
    ? { id, status, error }
    : { id, status: "interrupted", error: null };
}

function keep({ store, settings }: UpgradeContext, lease: Lease): LeaseKeeper {
  return new LeaseKeeper(store, lease, settings.options.leaseTtlMs);
}

function runnerOptions(context: UpgradeContext, stop: AbortSignal | undefined): RunnerOptions {
  const { store, settings, logger, hooks } = context;
  const { pollMs, nodeTtlMs, drainTimeoutMs } = settings.options;
  return { context, store, logger, pollMs, nodeTtlMs, drainTimeoutMs, release: settings.release, hooks, stop };
}
