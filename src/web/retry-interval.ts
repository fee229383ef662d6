/** Shortest mean time after which clients are asked to come back, s. */
const LEAST_S = 10;
const MOST_S = 120;
/** So many of those who wait may come back in a second, of one node: a fraction of what it can answer. */
const RETURNS_PER_S = 200;
/** The rate of answers is that of the last one to two windows, ms. */
const WINDOW_MS = 10_000;

/**
 * When clients of the closed gate are to come back: after 10 s on the average, or so late that not more than 200 a second do;
 * each ±50 % of that, so that they don't all come at once, neither while they wait nor when the gate opens.
 */
export class RetryInterval {
  #meanS = LEAST_S;
  /** The mean time of the window before. */
  #toldS = LEAST_S;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #answers = 0;

  constructor(
    private readonly nowMs: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** For one answer; whole seconds. */
  next(): number {
    const now = this.nowMs();
    const elapsedMs = now - this.#sinceMs;
    if (elapsedMs >= WINDOW_MS) {
      // Each of those who wait comes once in the time that it was told, which was in the window before.
      const waiting = elapsedMs < 2 * WINDOW_MS ? (this.#answers / elapsedMs) * 1000 * this.#toldS : 0;
      this.#toldS = this.#meanS;
      this.#meanS = Math.min(MOST_S, Math.max(LEAST_S, waiting / RETURNS_PER_S));
      this.#sinceMs = now;
      this.#answers = 0;
    }
    this.#answers++;
    return Math.round(this.#meanS * (0.5 + this.random()));
  }
}
