export const LARGEST_BATCH = 100_000;

/** At most this much larger than the one before, and at most this much smaller. */
const GROWTH = 2;
const SHRINKAGE = 8;

/** One slow batch is remembered for so many: a server that stalls at times holds its locks no longer than asked for. */
export const REMEMBERED = 5;

/** What rows get of the time at least: however slow a commit is, smaller batches would only mean more of them. */
const LEAST_SHARE = 1 / 4;

export interface BatchCost {
  readonly rows: number;
  /** From the transaction's first statement to its last. */
  readonly workMs: number;
  /** The commit, which takes about as long for one row as for a thousand. */
  readonly commitMs: number;
}

/**
 * The next batch's rows, 1 to 100,000: as many as would take `targetMs` with their commit, by the slowest of the last five
 * batches; at most twice and at least an eighth of `size`. `costs`: of the batches so far, newest last; those without rows
 * tell nothing.
 */
export function nextBatchSize(size: number, costs: readonly BatchCost[], targetMs: number): number {
  const recent = costs.filter(({ rows }) => rows > 0).slice(-REMEMBERED);
  if (recent.length === 0) return size;
  const msPerRow = Math.max(...recent.map(({ rows, workMs }) => workMs / rows));
  const commitMs = Math.max(...recent.map((cost) => cost.commitMs));
  const workMs = Math.max(targetMs - commitMs, targetMs * LEAST_SHARE);
  const wanted = Math.min(Math.max(workMs / msPerRow, size / SHRINKAGE), size * GROWTH);
  return Math.min(Math.max(Math.floor(wanted), 1), LARGEST_BATCH);
}
