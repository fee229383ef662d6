import { UpgateError } from "../core/errors.js";
import type { Lease } from "../core/run.js";
import { beatLease, releaseLease } from "../store/lease.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";

/** Beats per `leaseTtlMs`: four may be lost before an observer judges. */
const BEATS_PER_TTL = 5;

/**
 * Holds a lease: raises its beat from a connection of its own until released or handed over. When another process has taken it,
 * the signal aborts: the holder must not send another statement. While no beat has gone through for `leaseTtlMs`, the lease is
 * stale: it may be another's, and nothing may be sent until `confirm` says that it is not.
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
    // A failed beat is told by the staleness that follows.
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), leaseTtlMs / BEATS_PER_TTL);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * True when no beat has gone through for `leaseTtlMs`: the database could not be reached, or this process stood still. On SQLite
   * never: its write lock, held by this very run's migration, keeps all others out as well.
   */
  get isStale(): boolean {
    return this.store.dialect !== "sqlite" && this.store.clock.nowMs() - this.#confirmedMs > this.leaseTtlMs;
  }

  /** Throws `ERR_UPGATE_LEASE_LOST` once the lease is lost. */
  assertHeld(): void {
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
  }

  /** A beat now. Throws `ERR_UPGATE_LEASE_LOST`, or the database's error. */
  async confirm(): Promise<void> {
    await this.#beat();
    this.assertHeld();
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
    const sentMs = this.store.clock.nowMs();
    if (await beatLease(this.store.knex, this.lease.token)) this.#confirmedMs = Math.max(this.#confirmedMs, sentMs);
    else this.#lose();
  }

  #lose(): void {
    this.stop();
    this.#abort.abort(new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade."));
  }
}
