import { setTimeout as pause } from "node:timers/promises";
import type { Lease } from "../core/run.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLease } from "../store/lease.js";
import type { UpgradeContext } from "./context.js";

export interface JudgeHolderOptions {
  /** Ends the watching: rejects with its AbortError. */
  readonly signal?: AbortSignal;
  /** Called once, when the holder can't be judged at once and its beat has to be watched; for `leaseTtlMs` at most. */
  readonly onWait?: (lease: Lease) => void;
}

export interface HolderJudgement {
  /** As last read; null before upgate's tables exist. */
  readonly lease: Lease | null;
  /** False also when nobody holds it. */
  readonly alive: boolean;
}

const LOOKS_PER_TTL = 5;

/**
 * Whether the lease's holder lives. At once where its process can be looked at and that decides; otherwise its beat is
 * watched: one that moves is alive, one that stands still for `leaseTtlMs` of this process's own monotonic clock is dead.
 */
export async function judgeHolder(
  { store, settings, leaseObserver }: UpgradeContext,
  { signal, onWait }: JudgeHolderOptions = {},
): Promise<HolderJudgement> {
  const everyMs = settings.options.leaseTtlMs / LOOKS_PER_TTL;
  for (let looks = 1; ; looks++) {
    const lease = await orAbsent(() => readLease(store.knex), null);
    const verdict = leaseObserver.judge(lease);
    if (lease === null || verdict !== "silent") return { lease, alive: verdict === "alive" };
    if (looks === 1) onWait?.(lease);
    await pause(everyMs, undefined, signal ? { signal } : {});
  }
}
