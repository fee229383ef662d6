import { UpgateError } from "../core/errors.js";
import type { Lease } from "../core/run.js";
import { beatLease, releaseLease } from "../store/lease.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";

/** Beats per `leaseTtlMs`: four may be lost before an observer judges. */
const BEATS_PER_TTL = 5;

/**
 * Holds a lease: raises its beat from a connection of its own until released or handed over. When the lease is lost, or
 * its beat did not go through for `leaseTtlMs`, the signal aborts: the holder must not send another statement.
 */
export class LeaseKeeper {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #confirmedMs: number;

  constructor(
    private readonly store: Store,
    readonly lease: Lease,
    private readonly leaseTtlMs: number,
  ) {
    this.#confirmedMs = store.clock.nowMs();
    this.#timer = setInterval(() => void this.#beat(), leaseTtlMs / BEATS_PER_TTL);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Throws `ERR_UPGATE_LEASE_LOST` once the lease is lost. */
  assertHeld(): void {
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
  }

  /** Stops beating without giving the lease back: another process has taken it over. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async release(): Promise<void> {
    this.stop();
    await whileBusy(() => releaseLease(this.store.knex, this.lease.token));
  }

  async #beat(): Promise<void> {
    try {
      if (await beatLease(this.store.knex, this.lease.token)) this.#confirmedMs = this.store.clock.nowMs();
      else this.#lose("Another process has taken over the upgrade.");
    } catch (cause) {
      // SQLite's write lock, held by this very run's migration, keeps everybody else out as well.
      if (this.store.dialect === "sqlite") return;
      if (this.store.clock.nowMs() - this.#confirmedMs > this.leaseTtlMs)
        this.#lose("The database could not be reached for longer than the lease lasts.", cause);
    }
  }

  #lose(message: string, cause?: unknown): void {
    this.stop();
    this.#abort.abort(new UpgateError("ERR_UPGATE_LEASE_LOST", message, { cause }));
  }
}
