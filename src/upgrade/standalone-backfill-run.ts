import type { Knex } from "knex";
import type { BackfillJournal, BackfillProgress, BackfillResult, StandaloneBackfillOptions } from "../core/backfill.js";
import { checkBackfill } from "../core/check-backfill.js";
import { UpgateError } from "../core/errors.js";
import type { Checker } from "../core/option-checker.js";
import { systemClock } from "../core/ports.js";
import { insertBackfillPlace, moveBackfillPlace, readBackfillPlace } from "../store/backfill-places.js";
import { isBusy, isDuplicate, isLockConflict } from "../store/driver-errors.js";
import { discardConnection } from "../store/sqlite-driver.js";
import { ensureBackfillTable } from "../store/tables.js";
import { isSqlite } from "./backfill-key.js";
import { runBackfill } from "./backfill.js";

const LONGEST_NAME = 191;

export async function runStandaloneBackfill(knex: Knex, options: StandaloneBackfillOptions): Promise<BackfillResult> {
  const { table, key } = checkBackfill(options, ["name", "signal", "onProgress"], (checker) => checkStandalone(checker, knex));
  const { name, signal, onProgress, ...backfill } = options;
  signal?.throwIfAborted();
  const place = name === undefined ? null : new Place(knex, name, `${table}.${key}`);
  return runBackfill(backfill, journalOf(knex, table, place), { knex, clock: systemClock, signal, onProgress });
}

function checkStandalone(checker: Checker, knex: Knex): void {
  checker.check("name", (name) => {
    if (name === undefined || (typeof name === "string" && name !== "" && name.length <= LONGEST_NAME)) return null;
    return `must be a string of 1 to ${LONGEST_NAME} characters`;
  });
  // Not by its class: a test runner's sandbox has one of its own.
  const isSignal = (value: unknown): boolean => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === "function";
  checker.check("signal", (signal) => (signal === undefined || isSignal(signal) ? null : "must be an AbortSignal"));
  checker.check("onProgress", (call) => (call === undefined || typeof call === "function" ? null : "must be a function"));
  if (typeof knex !== "function") return checker.problem("knex", "is required as the first argument");
  const { dialect } = knex.client as { dialect?: string };
  if (dialect !== "mysql" && !isSqlite(knex)) checker.problem("knex", `must be on MySQL, MariaDB or SQLite, not on ${dialect}`);
  if (knex.isTransaction) checker.problem("knex", "must not be a transaction: every batch commits one of its own");
}

/** The backfill's row of `upgate_backfill`. */
class Place {
  constructor(
    private readonly knex: Knex,
    private readonly name: string,
    private readonly target: string,
  ) {}

  async load(): Promise<BackfillProgress | null> {
    await ensureBackfillTable(this.knex, isSqlite(this.knex) ? "sqlite" : "mysql");
    const place = await readBackfillPlace(this.knex, this.name);
    if (place === null || place.target === this.target) return place?.progress ?? null;
    const message = `The backfill "${this.name}" is under way on ${place.target}; ${this.target} needs a name of its own.`;
    throw new UpgateError("ERR_UPGATE_MIGRATION_STEP", message);
  }

  /** Within the batch's transaction. */
  async move(trx: Knex.Transaction, before: BackfillProgress | null, after: BackfillProgress): Promise<void> {
    const { name, target } = this;
    const now = systemClock.timestamp();
    if (before !== null) {
      if (!(await moveBackfillPlace(trx, name, [before, after], now))) throw movedByAnother(name);
    } else if (!after.finished) {
      await insertBackfillPlace(trx, name, { target, progress: after }, now).catch((cause: unknown) => {
        throw isDuplicate(cause) ? movedByAnother(name, cause) : cause;
      });
    }
  }
}

function movedByAnother(name: string, cause?: unknown): UpgateError {
  return new UpgateError("ERR_UPGATE_MIGRATION_STEP", `The backfill "${name}" is run by another process, too.`, {
    cause,
    remedy: "Let the other process finish.",
  });
}

/** knex's own transactions. */
function journalOf(knex: Knex, table: string, place: Place | null): BackfillJournal {
  let committed: BackfillProgress | null = null;
  return {
    load: async () => (committed = (await place?.load()) ?? null),
    commit: async (work) =>
      (committed = await inTransaction(knex, async (trx) => {
        if (isSqlite(knex)) await lockSqlite(trx, table);
        const progress = await work(async (query) => query.transacting(trx));
        await place?.move(trx, committed, progress);
        return progress;
      })),
  };
}

/** libsql leaves a connection on which it found the database busy in a state in which it can't begin another transaction. */
async function inTransaction<T>(knex: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  let connection: object | null = null;
  try {
    return await knex.transaction(async (trx) => {
      connection = (await trx.client.acquireConnection()) as object;
      return work(trx);
    });
  } catch (error) {
    if (connection !== null && isBusy(error)) discardConnection(connection, error);
    throw error;
  }
}

/**
 * A transaction that has read can't become a writing one once another process has written: this statement, which changes
 * nothing, takes the write lock first, and waits for it as long as the connection's busy timeout says.
 */
async function lockSqlite(trx: Knex.Transaction, table: string): Promise<void> {
  try {
    await trx(table).whereRaw("1 = 0").delete();
  } catch (error) {
    // What is wrong with the table is told by whoever reads its key.
    if (isLockConflict(error)) throw error;
  }
}
