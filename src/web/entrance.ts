import type { Watcher } from "../upgrade/watcher.js";
import type { InFlight } from "./in-flight.js";

export interface WaitOptions {
  /** Ends the waiting: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface EnterOptions extends WaitOptions {
  /** Shown to the operator while an upgrade waits for it. Default: `work`. */
  readonly name?: string;
}

/** The way in for what is no request: workers, cron jobs, loops. */
export class Entrance {
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly watcher: Pick<Watcher, "gate" | "onReading">,
    private readonly inFlight: InFlight,
  ) {
    watcher.onReading(() => {
      if (this.#isOpen) for (const admit of this.#waiting) admit();
    });
  }

  get #isOpen(): boolean {
    return this.watcher.gate.openUntilMs > performance.now();
  }

  async whenOpen({ signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    // Looked at again after each waking: it may have closed before this one's turn.
    while (!this.#isOpen) await this.#nextOpening(signal);
  }

  #nextOpening(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#waiting.delete(admit);
        signal?.removeEventListener("abort", abort);
      };
      const admit = (): void => {
        over();
        resolve();
      };
      const abort = (): void => {
        over();
        reject(signal?.reason as Error);
      };
      this.#waiting.add(admit);
      signal?.addEventListener("abort", abort);
    });
  }

  async enter({ name = "work", signal }: EnterOptions = {}): Promise<() => void> {
    for (;;) {
      await this.whenOpen(signal ? { signal } : {});
      if (this.#isOpen) return this.inFlight.enterWork(name);
    }
  }
}
