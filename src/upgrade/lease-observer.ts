import type { Lease } from "../core/run.js";
import type { Dialect } from "../store/connect.js";

interface LeaseObserverOptions {
  readonly leaseTtlMs: number;
  readonly dialect: Dialect;
  readonly nowMs: () => number;
  /** See `isProcessAlive`. */
  readonly isProcessAlive: (holder: NonNullable<Lease["holder"]>) => boolean | null;
}

/** `silent`: no beat was seen yet, but the time to wait for one is not over. */
export type HolderVerdict = "alive" | "silent" | "dead";

/**
 * Judges from outside whether a lease's holder lives. A dead process of this host is dead at once; otherwise a beat that
 * stood still for `leaseTtlMs` of this observer's own monotonic clock says so. No wall clocks are compared, and a pause
 * in observing (a frozen process) starts the count anew.
 */
export class LeaseObserver {
  #seen: { token: number; beat: number; sinceMs: number; lastMs: number } | null = null;

  constructor(private readonly options: LeaseObserverOptions) {}

  /** As good as alive until it is known to be dead. */
  isAlive(lease: Lease | null): boolean {
    return this.judge(lease) !== "dead";
  }

  /** A lease that nobody holds has a dead holder. */
  judge(lease: Lease | null): HolderVerdict {
    if (!lease?.holder) {
      this.#seen = null;
      return "dead";
    }
    const alive = this.options.isProcessAlive(lease.holder);
    if (alive === false) return "dead";
    // A SQLite holder can't beat while its migration holds the write lock: there the living process is the sign.
    if (alive === true && this.options.dialect === "sqlite") return "alive";
    return this.#watch(lease);
  }

  #watch({ token, beat }: Lease): HolderVerdict {
    const now = this.options.nowMs();
    const seen = this.#seen;
    const isWatching = seen !== null && now - seen.lastMs <= this.options.leaseTtlMs;
    if (!isWatching || seen.token !== token || seen.beat !== beat) {
      this.#seen = { token, beat, sinceMs: now, lastMs: now };
      return isWatching ? "alive" : "silent";
    }
    seen.lastMs = now;
    return now - seen.sinceMs > this.options.leaseTtlMs ? "dead" : "silent";
  }
}
