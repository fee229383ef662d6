import type { Knex } from "knex";

/** A row as the page's select gives it: the key, and what `columns` asks for. A whole number beyond 2^53 is a string as key. */
export type BackfillRow = Record<string, unknown>;

/** Sends a query in the batch's transaction and resolves to what knex would: rows for a select, the affected rows' number for an update. */
export type BackfillQuery = (query: Knex.QueryBuilder | Knex.Raw) => Promise<unknown>;

export interface BackfillOptions {
  /** `table` or `database.table`. */
  readonly table: string;
  /**
   * One column that orders the rows: whole numbers, strings or UUIDs, with a unique index of its own, never null and never
   * changed here; the primary key as a rule. Default `id`.
   */
  readonly key?: string;
  /**
   * Narrows the rows, e.g. `(query) => query.whereNull("slug")`; called several times for each batch. It is asked of a row when its batch comes, so it
   * may name a column that `update` changes, but must not depend on what the change of other rows leaves.
   */
  readonly where?: (query: Knex.QueryBuilder) => void;
  /** Rows of the first batch, 1 to 100,000; later ones are adapted to `targetMs`. Default 1,000. */
  readonly batch?: number;
  /** How long a batch should take, ms, 10 to 10,000: as long locks are held. Default 250. */
  readonly targetMs?: number;
  /** With a function as `update`: the columns read beside the key. Default: the key alone. */
  readonly columns?: readonly string[];
  /**
   * Column values for every row (`{ total: knex.raw("net + tax") }`), sent as one UPDATE a batch; or a function that gets the
   * batch's rows, in the key's order and locked, and sends what it likes through `query`. The function is called again when
   * its batch met a deadlock and was rolled back.
   */
  readonly update: Readonly<Record<string, unknown>> | ((rows: readonly BackfillRow[], query: BackfillQuery) => Promise<unknown>);
}

export interface BackfillResult {
  /** Rows gone through, those of earlier attempts included. */
  readonly rows: number;
  readonly batches: number;
}

/** How far a backfill has come. Survives JSON. */
export interface BackfillProgress {
  /** Every row up to this key has been gone through; whole numbers beyond 2^53 as a string; null when there was no row. */
  readonly cursor: string | number | null;
  readonly rows: number;
  readonly batches: number;
  /**
   * Rows in all as counted at the beginning: exact up to 100,000 rows of the table, beyond that the server's estimate, never
   * below `rows`; null where neither is to be had (SQLite, or with `where`).
   */
  readonly total: number | null;
  /** The size that the next batch should have. */
  readonly batch: number;
  readonly finished: boolean;
}

export interface StandaloneBackfillOptions extends BackfillOptions {
  /**
   * Keeps the place in the table `upgate_backfill`, so that a backfill whose process was killed goes on where it was: unique
   * in the database, 1 to 191 characters. Without a name the place is kept in memory only. A finished backfill's place is
   * removed: called again, it begins anew.
   */
  readonly name?: string;
  /** Stops between two batches: the backfill rejects with the signal's reason, and with a name goes on when called again. */
  readonly signal?: AbortSignal;
  /** Called after each batch was committed. */
  readonly onProgress?: (progress: BackfillProgress) => void;
}

/** Where a backfill keeps its place, so that it is committed with the rows it speaks of. */
export interface BackfillJournal {
  /** What was committed last; null at the beginning. */
  load(): Promise<BackfillProgress | null>;
  /**
   * One transaction: `work`, then its progress; both or none. Rejects with the driver's own error, rolled back: the backfill runs a
   * batch that met a deadlock again. `work` may be called again.
   */
  commit(work: (query: BackfillQuery) => Promise<BackfillProgress>): Promise<BackfillProgress>;
}
