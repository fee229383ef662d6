import type { Lease } from "../core/run.js";
import type { Dialect } from "../store/connect.js";

interface LeaseObserverOptions {
  readonly leaseTtlMs: number;
  readonly dialect: Dialect;
  readonly nowMs: () => number;
  /** See `isProcessAlive`. */
  readonly isProcessAlive: (holder: NonNullable<Lease["holder"]>) => boolean | null;
}

/**
 * Judges from outside whether a lease's holder lives. A dead process of this host is dead at once; otherwise a beat that
 * stood still for `leaseTtlMs` of this observer's own monotonic clock says so. No wall clocks are compared, and a pause
 * in observing (a frozen process) starts the count anew.
 */
export class LeaseObserver {
  #seen: { token: number; beat: number; sinceMs: number; lastMs: number } | null = null;

  constructor(private readonly options: LeaseObserverOptions) {}

  isAlive(lease: Lease | null): boolean {
    if (!lease?.holder) {
      this.#seen = null;
      return false;
    }
    const alive = this.options.isProcessAlive(lease.holder);
    if (alive === false) return false;
    // A SQLite holder can't beat while its migration holds the write lock: there the living process is the sign.
    if (alive === true && this.options.dialect === "sqlite") return true;
    return !this.#stoodStill(lease);
  }

  #stoodStill({ token, beat }: Lease): boolean {
    const now = this.options.nowMs();
    const seen = this.#seen;
    if (!seen || seen.token !== token || seen.beat !== beat || now - seen.lastMs > this.options.leaseTtlMs) {
      this.#seen = { token, beat, sinceMs: now, lastMs: now };
      return false;
    }
    seen.lastMs = now;
    return now - seen.sinceMs > this.options.leaseTtlMs;
  }
}
