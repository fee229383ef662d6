import type { Knex } from "knex";

/** A row as the page's select gives it: the key, and what `columns` asks for. */
export type BackfillRow = Record<string, unknown>;

/** Sends a query in the batch's transaction: rows for a select, the number of affected rows otherwise. */
export type BackfillQuery = (query: Knex.QueryBuilder | Knex.Raw) => Promise<unknown>;

export interface BackfillOptions {
  readonly table: string;
  /** Column with a unique index that orders the rows and never changes here; the primary key as a rule. Default `id`. */
  readonly key?: string;
  /** Narrows the rows, e.g. `(query) => query.whereNull("slug")`. Must not depend on what earlier batches changed. */
  readonly where?: (query: Knex.QueryBuilder) => void;
  /** Rows of the first batch, 1 to 100,000; later ones are adapted to `targetMs`. Default 1,000. */
  readonly batch?: number;
  /** How long a batch should take, ms, 10 to 10,000: as long locks are held. Default 250. */
  readonly targetMs?: number;
  /** With a function as `update`: the columns read beside the key. Default: the key alone. */
  readonly columns?: readonly string[];
  /**
   * Column values for every row (`{ total: knex.raw("net + tax") }`), sent as one UPDATE a batch; or a function that gets the
   * batch's rows and sends what it likes through `query`.
   */
  readonly update: Readonly<Record<string, unknown>> | ((rows: readonly BackfillRow[], query: BackfillQuery) => Promise<unknown>);
}

export interface BackfillResult {
  /** Rows gone through, those of earlier attempts included. */
  readonly rows: number;
  readonly batches: number;
}

/** How far a backfill has come. */
export interface BackfillProgress {
  /** Key of the last row gone through; survives JSON (dates and buffers are not keys). */
  readonly cursor: string | number;
  readonly rows: number;
  readonly batches: number;
  /** Rows in all as counted at the beginning; null where it was not counted. */
  readonly total: number | null;
  /** The size that the next batch should have. */
  readonly batch: number;
  readonly finished: boolean;
}

/** Where a backfill keeps its place, so that it is committed with the rows it speaks of. */
export interface BackfillJournal {
  /** What was committed last; null at the beginning. */
  load(): Promise<BackfillProgress | null>;
  /** One transaction: `work`, then its progress; both or none. A batch that met a deadlock may be run again. */
  commit(work: (query: BackfillQuery) => Promise<BackfillProgress>): Promise<BackfillProgress>;
}
