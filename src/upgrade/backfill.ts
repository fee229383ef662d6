import { setImmediate as yieldToLoop, setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";
import type { BackfillJournal, BackfillOptions, BackfillProgress, BackfillResult } from "../core/backfill.js";
import { type BatchCost, nextBatchSize, REMEMBERED } from "../core/batch-size.js";
import { checkBackfill, type CheckedBackfill } from "../core/check-backfill.js";
import type { Clock } from "../core/ports.js";
import { isLockConflict } from "../store/driver-errors.js";
import { BackfillRows, type Page } from "./backfill-rows.js";
import { countTotal } from "./backfill-total.js";

/** Of one batch, in a row; its pauses add up to about 6 s. */
const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 50;

export interface BackfillDeps {
  /** Builds the queries; they are sent through the journal's `query`. */
  readonly knex: Knex;
  readonly clock: Clock;
  /** Stops between two batches: the backfill rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each commit. */
  readonly onProgress?: ((progress: BackfillProgress) => void) | undefined;
}

/**
 * Changes a table's rows page by page in the order of their key, each page and the place it came to in one transaction of the
 * journal's; goes on where the journal's last commit left off. A batch that met a deadlock, a lock wait timeout or a busy
 * SQLite database is run again, smaller, up to eight times. Throws `ERR_UPGATE_MIGRATION_STEP` for options that are not usable,
 * before anything is sent, and for a key that can't order the rows, before anything is written.
 */
export async function runBackfill(options: BackfillOptions, journal: BackfillJournal, deps: BackfillDeps): Promise<BackfillResult> {
  const backfill = new Backfill(checkBackfill(options), journal, deps);
  let progress = await journal.load();
  while (!progress?.finished) {
    deps.signal?.throwIfAborted();
    progress = await backfill.next(progress);
    deps.onProgress?.(progress);
    // SQLite's drivers are synchronous: beats and pages get their turn here.
    await yieldToLoop();
  }
  return { rows: progress.rows, batches: progress.batches };
}

class Backfill {
  #costs: readonly BatchCost[] = [];
  #rows: BackfillRows | null = null;
  /** Null: as the journal says. */
  #size: number | null = null;

  constructor(
    private readonly options: CheckedBackfill,
    private readonly journal: BackfillJournal,
    private readonly deps: BackfillDeps,
  ) {}

  /** Commits one batch. */
  async next(before: BackfillProgress | null): Promise<BackfillProgress> {
    const { signal } = this.deps;
    this.#size ??= before?.batch ?? this.options.batch;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#commit(before, this.#size);
      } catch (error) {
        if (!isLockConflict(error) || tries === MOST_TRIES) throw error;
        this.#size = Math.max(1, Math.floor(this.#size / 2));
        await pause(FIRST_PAUSE_MS * 2 ** (tries - 1), undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #commit(before: BackfillProgress | null, size: number): Promise<BackfillProgress> {
    const { knex, clock } = this.deps;
    const { targetMs } = this.options;
    let cost: BatchCost = { rows: 0, workMs: 0, commitMs: 0 };
    let doneMs = 0;
    const after = await this.journal.commit(async (query) => {
      const rows = (this.#rows ??= await BackfillRows.open(knex, this.options, query));
      const start = before ?? { ...NOTHING_YET, total: await countTotal(knex, query, this.options) };
      const beganMs = clock.nowMs();
      const page = await rows.change(query, start.cursor, size);
      doneMs = clock.nowMs();
      cost = { rows: page.rows, workMs: doneMs - beganMs, commitMs: 0 };
      return progressAfter(start, page, nextBatchSize(size, this.#costsWith(cost, size), targetMs));
    });
    // Once more, with the time that the commit took, which could not be in it.
    this.#costs = this.#costsWith({ ...cost, commitMs: clock.nowMs() - doneMs }, size);
    this.#size = nextBatchSize(size, this.#costs, targetMs);
    return after;
  }

  /** A page that came out much smaller tells what a transaction costs, not what its rows do. */
  #costsWith(cost: BatchCost, size: number): readonly BatchCost[] {
    return cost.rows * 2 < size ? this.#costs : [...this.#costs, cost].slice(-REMEMBERED);
  }
}

function progressAfter(start: BackfillProgress, { rows, last, more }: Page, batch: number): BackfillProgress {
  const done = start.rows + rows;
  return {
    cursor: last ?? start.cursor,
    rows: done,
    batches: start.batches + (last === null ? 0 : 1),
    total: more ? (start.total === null ? null : Math.max(start.total, done)) : done,
    batch,
    finished: !more,
  };
}

const NOTHING_YET: BackfillProgress = { cursor: null, rows: 0, batches: 0, total: null, batch: 0, finished: false };
