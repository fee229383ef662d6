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
