/** Half-width of a 95 % interval in standard deviations. */
const NORMAL_95 = 1.96;

export interface Estimate {
  readonly median: number;
  /** 95 % interval of the median, by order statistics: no assumption on the distribution. */
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2;
}

/** The smallest value that at least this share of the values (0 to 1) does not exceed. Throws `RangeError` without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return at(sorted, Math.max(0, Math.ceil(sorted.length * share) - 1));
}

/** The most moments within any one second; moments in ms. */
export function mostInASecond(moments: readonly number[]): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let [first, most] = [0, 0];
  for (const [last, moment] of sorted.entries()) {
    while (at(sorted, first) <= moment - 1000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Throws `RangeError` without values. */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const spread = (NORMAL_95 * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(0, Math.floor(sorted.length / 2 - spread));
  const high = Math.min(sorted.length - 1, Math.ceil(sorted.length / 2 + spread));
  return { median: median(sorted), low: at(sorted, low), high: at(sorted, high), samples: sorted.length };
}

/** Each value by its partner, measured next to it, so that what disturbs both cancels out. */
export function pairedRatio(values: readonly number[], bases: readonly number[]): Estimate {
  return estimate(values.map((value, index) => value / at(bases, index)));
}

/** Each value less its partner. */
export function pairedDifference(values: readonly number[], bases: readonly number[]): Estimate {
  return estimate(values.map((value, index) => value - at(bases, index)));
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`there is no sample ${index} among ${values.length}`);
  return value;
}
