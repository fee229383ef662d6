/** Shortest mean time after which clients are asked to come back, s. */
const LEAST_S = 10;
const MOST_S = 120;
/** So many of those who wait may come back in a second, of one node: a fraction of what it can answer. */
const RETURNS_PER_S = 200;
/** Longer than anybody is told to wait, s. */
const SPAN_S = 1.5 * MOST_S + 2;

/**
 * When clients of the closed gate are to come back: after 10 s on the average, or so late that about 200 a second do; each ±50 %
 * of that, so that they don't all come at once, neither while they wait nor when the gate opens. Who has been told and is not back yet
 * waits.
 */
export class RetryInterval {
  /** How many are to come in each second, by that second modulo the span. */
  readonly #returns = new Uint32Array(SPAN_S);
  #waiting = 0;
  #second = 0;

  constructor(
    private readonly nowMs: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** For one answer; whole seconds. */
  next(): number {
    this.#advance(Math.floor(this.nowMs() / 1000));
    const meanS = Math.min(MOST_S, Math.max(LEAST_S, this.#waiting / RETURNS_PER_S));
    const seconds = Math.round(meanS * (0.5 + this.random()));
    const due = (this.#second + seconds) % SPAN_S;
    this.#returns[due] = (this.#returns[due] as number) + 1;
    this.#waiting++;
    return seconds;
  }

  #advance(second: number): void {
    for (let passed = Math.max(this.#second, second - SPAN_S) + 1; passed <= second; passed++) {
      this.#waiting -= this.#returns[passed % SPAN_S] as number;
      this.#returns[passed % SPAN_S] = 0;
    }
    this.#second = second;
  }
}
