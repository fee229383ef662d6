import { setTimeout as pause } from "node:timers/promises";
import { isUpgateError } from "../core/errors.js";
import type { Clock, Logger } from "../core/ports.js";
import { driverMessage } from "../store/driver-errors.js";
import { AttemptOver, attemptEndOf } from "./journal/attempt-over.js";
import type { LeaseKeeper } from "./lease-keeper.js";

export interface AttemptsOptions {
  readonly keeper: LeaseKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What one attempt tells about itself. */
export interface AttemptReport {
  /** Whether it has committed anything: then the count of failed ones begins anew. */
  progressed: boolean;
}

/** In a row, without anything committed in between. */
const MOST_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** How long a database may be away: a server's restart with crash recovery, a failover. ms. */
const MOST_AWAY_MS = 60_000;

/**
 * Makes attempts until one comes to an end of its own. After a lost connection, a deadlock or another's lock the next one goes
 * on where the journal says, with the same lease, if nobody has taken it meanwhile. Rejects with the migration's error, with the
 * driver's when it came back `MOST_ATTEMPTS` times, or with `ERR_UPGATE_LEASE_LOST`. `separate`: each migration has to be
 * committed by itself.
 */
export async function inAttempts(
  options: AttemptsOptions,
  attempt: (report: AttemptReport, separate: boolean) => Promise<void>,
): Promise<void> {
  let separate = false;
  for (let failed = 0; ;) {
    const report: AttemptReport = { progressed: false };
    try {
      return await attempt(report, separate);
    } catch (error) {
      const end = endOf(error);
      options.keeper.assertHeld();
      options.signal.throwIfAborted();
      if (end === null) throw error;
      if (end.reason === "undone" && !separate) {
        separate = true;
        continue;
      }
      failed = report.progressed ? 1 : failed + 1;
      if (failed >= MOST_ATTEMPTS) throw end.cause;
      options.logger.warn(`upgate: ${driverMessage(end.cause)}; going on where the journal says.`);
      await recover(options, end, failed);
    }
  }
}

function endOf(error: unknown): AttemptOver | null {
  if (error instanceof AttemptOver) return error;
  const reason = isUpgateError(error) ? null : attemptEndOf(error);
  return reason === null ? null : new AttemptOver(reason, error);
}

/** Waits, longer each time, until the database answers and says that the lease is still this process's. */
async function recover({ keeper, clock, signal }: AttemptsOptions, { cause }: AttemptOver, failed: number): Promise<void> {
  const sinceMs = clock.nowMs();
  for (let tries = failed; ; tries++) {
    // Two that wait for each other's locks must not come back together.
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS) * (0.5 + Math.random());
    await pause(pauseMs, undefined, { signal });
    try {
      return await keeper.confirm();
    } catch (error) {
      keeper.assertHeld();
      if (attemptEndOf(error) === null) throw error;
      if (clock.nowMs() - sinceMs > MOST_AWAY_MS) throw cause;
    }
  }
}
