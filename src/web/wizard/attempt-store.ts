import { randomUUID } from "node:crypto";
import type { ClientRateLimitInfo, IncrementResponse, Store as RateLimitStore } from "express-rate-limit";
import { type Attempt, deleteAttempts, deleteAttemptsUntil, deleteByIds, insertAttempt, readAttempts } from "../../store/attempts.js";
import type { DeferredWrites } from "../../store/deferred-writes.js";
import { isDeadlock } from "../../store/driver-errors.js";
import type { Store } from "../../store/store.js";

interface AttemptLimit {
  readonly windowMs: number;
  readonly limit: number;
  /** Nobody counts an attempt that is older, ms. */
  readonly keptMs: number;
}

/**
 * express-rate-limit's store on `upgate_attempt`, for all nodes: a row an attempt, counted as long as it is younger than the window. Beyond
 * the limit nothing is written, so that a flood of tries costs reads only and nobody is kept out for longer than the window. While a SQLite migration
 * keeps everybody from writing, this process counts what it could not write yet besides what is there. Any other failure rejects.
 */
export class AttemptStore implements RateLimitStore {
  readonly localKeys = false;
  readonly #unwritten = new Map<string, Attempt>();

  constructor(
    private readonly store: Store,
    private readonly writes: DeferredWrites,
    private readonly limit: AttemptLimit,
  ) {}

  async get(key: string): Promise<ClientRateLimitInfo> {
    return this.#infoOf(await this.#read(key));
  }

  /** Counts one more, if there is room for it; else tells one more than the limit, and writes nothing. */
  async increment(key: string): Promise<IncrementResponse> {
    const before = await this.#read(key);
    if (before.length >= this.limit.limit) return { ...this.#infoOf(before), totalHits: this.limit.limit + 1 };
    const attempt = { id: randomUUID(), address: key, attemptedAt: iso(Date.now()) };
    await this.#write(attempt);
    // Others may have written at the same time: whoever finds too many takes its own back.
    const after = await this.#read(key);
    if (after.length > this.limit.limit) await this.#remove(attempt.id);
    return this.#infoOf(after);
  }

  /** Takes the newest one back. */
  async decrement(key: string): Promise<void> {
    const newest = (await this.#read(key)).at(-1);
    if (newest) await this.#remove(newest.id);
  }

  async resetKey(key: string): Promise<void> {
    for (const { id, address } of this.#unwritten.values()) if (address === key) this.#unwritten.delete(id);
    await this.writes.attempt(() => deleteAttempts(this.store.knex, key));
  }

  /** When the oldest of them is counted no more. */
  #infoOf(attempts: readonly Attempt[]): ClientRateLimitInfo {
    const oldest = attempts[0];
    const since = oldest ? Date.parse(oldest.attemptedAt) : Date.now();
    return { totalHits: attempts.length, resetTime: new Date(since + this.limit.windowMs) };
  }

  /** Oldest first. */
  async #read(key: string): Promise<Attempt[]> {
    const since = iso(Date.now() - this.limit.windowMs);
    const known = await readAttempts(this.store, key, since);
    const ids = new Set(known.map(({ id }) => id));
    const here = [...this.#unwritten.values()].filter(
      ({ id, address, attemptedAt }) => address === key && attemptedAt > since && !ids.has(id),
    );
    return [...known, ...here].toSorted((a, b) => (a.attemptedAt < b.attemptedAt ? -1 : 1));
  }

  async #write(attempt: Attempt): Promise<void> {
    const { knex } = this.store;
    const expired = iso(Date.now() - this.limit.keptMs);
    for (const { id, attemptedAt } of this.#unwritten.values()) if (attemptedAt <= expired) this.#unwritten.delete(id);
    this.#unwritten.set(attempt.id, attempt);
    try {
      await this.writes.attempt(async () => {
        if (!this.#unwritten.has(attempt.id)) return;
        await insertAttempt(knex, attempt);
        this.#unwritten.delete(attempt.id);
      });
    } catch (error) {
      this.#unwritten.delete(attempt.id);
      throw error;
    }
    await this.writes.attempt(() => againAfterDeadlock(() => deleteAttemptsUntil(knex, expired)));
  }

  async #remove(id: string): Promise<void> {
    if (this.#unwritten.delete(id)) return;
    await this.writes.attempt(() => againAfterDeadlock(() => deleteByIds(this.store.knex, [id])));
  }
}

/** Once: the server has rolled back one of two that met. */
async function againAfterDeadlock(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isDeadlock(error)) throw error;
    await write();
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
