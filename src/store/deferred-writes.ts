import { isBusy } from "./driver-errors.js";

const RETRY_EVERY_MS = 500;

/**
 * Small writes that must not fail because a SQLite migration holds the write lock for as long as it takes: each is tried at
 * once, and if the database is busy kept here, in order, and tried again until it goes through. Other errors reject, or
 * where nobody waits any more go to `onError`.
 */
export class DeferredWrites {
  readonly #queue: (() => PromiseLike<unknown>)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | null = null;

  constructor(private readonly onError: (error: unknown) => void) {}

  /** True when the write has gone through, false when it waits. */
  async attempt(write: () => PromiseLike<unknown>): Promise<boolean> {
    await this.flush();
    if (this.#queue.length === 0) {
      try {
        await write();
        return true;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
    this.#queue.push(write);
    this.#timer ??= setInterval(() => void this.flush(), RETRY_EVERY_MS).unref();
    return false;
  }

  /** Tries what waits, oldest first, until the database is busy again. Callers at the same time share one try. */
  flush(): Promise<void> {
    return (this.#flushing ??= this.#tryAll().finally(() => (this.#flushing = null)));
  }

  async #tryAll(): Promise<void> {
    for (let write = this.#queue[0]; write; write = this.#queue[0]) {
      try {
        await write();
      } catch (error) {
        if (isBusy(error)) return;
        this.onError(error);
      }
      this.#queue.shift();
    }
    this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
