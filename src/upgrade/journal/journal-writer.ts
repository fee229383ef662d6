import { UpgateError } from "../../core/errors.js";
import { isDuplicate } from "../../store/driver-errors.js";
import type { JournalEntry } from "../../store/journal.js";
import type { ConnectionState } from "./connection-state.js";
import { insertStatements, type JournalLog, type NewEntry } from "./journal-log.js";
import { Turns } from "./turns.js";

export interface JournalWriterOptions {
  readonly log: JournalLog;
  /** Sends SQL of upgate's own on that connection. */
  readonly send: (connection: object, sql: string, bindings?: readonly unknown[]) => Promise<unknown>;
  readonly beginSql: string;
  /** Between writing the rows and their commit. */
  readonly beforeCommit: () => Promise<void>;
  /** The `finish` entries that have just been committed, in the order of the journal. */
  readonly onCommitted: (finished: readonly JournalEntry[]) => void;
}

/** Entries wait in memory up to this many; then they are written. */
export const MOST_WAITING = 500;

/** Writes the journal, each entry in the transaction that it speaks of. */
export class JournalWriter {
  /** Entries of what needs no transaction, such as reads and the ends of DDL statements: written with the next ones. */
  #pending: NewEntry[] = [];
  /** Numbers are given in the order of the commits, so one connection after the other. */
  readonly #turns = new Turns();

  constructor(private readonly options: JournalWriterOptions) {}

  /** How many entries wait for the next ones. */
  get waiting(): number {
    return this.#pending.length;
  }

  add(entry: NewEntry): void {
    this.#pending.push(entry);
  }

  async open(state: ConnectionState): Promise<void> {
    if (state.open) return;
    await this.options.send(state.connection, this.options.beginSql);
    state.open = true;
  }

  /**
   * Commits the connection's transaction with its entries, those that wait, and the intent of the statement that follows.
   * Resolves with the intent's number. Rejects with `ERR_UPGATE_LEASE_LOST` when another process has written meanwhile.
   */
  commit(state: ConnectionState, intent: NewEntry | null = null): Promise<number> {
    return this.#turns.take(async () => {
      const { log, send } = this.options;
      const entries = log.number([...this.#pending.splice(0), ...state.rows, ...(intent ? [intent] : [])], state.spilled);
      const statements = insertStatements(entries);
      if (statements.length > 1) await this.open(state);
      try {
        for (const { sql, bindings } of statements) await send(state.connection, sql, bindings);
      } catch (error) {
        throw isDuplicate(error)
          ? new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade.", { cause: error })
          : error;
      }
      await this.options.beforeCommit();
      if (state.open) await send(state.connection, "COMMIT");
      const { spilled, milestones } = state;
      state.closed();
      log.committed(spilled + entries.length);
      this.options.onCommitted([...milestones, ...entries.filter(isMilestone)]);
      return log.next - 1;
    });
  }

  /** Keeps memory flat in a long transaction. Only where no other connection writes meanwhile. */
  async spill(state: ConnectionState): Promise<void> {
    if (state.rows.length < MOST_WAITING) return;
    await this.open(state);
    const { log, send } = this.options;
    const entries = log.number(state.rows, state.spilled);
    for (const { sql, bindings } of insertStatements(entries)) await send(state.connection, sql, bindings);
    state.spilled += entries.length;
    state.milestones.push(...entries.filter(isMilestone));
    state.rows = [];
  }

  async rollback(state: ConnectionState): Promise<NewEntry[]> {
    const { rows, open } = state;
    state.closed();
    if (open) await this.options.send(state.connection, "ROLLBACK");
    return rows;
  }
}

function isMilestone({ kind }: JournalEntry): boolean {
  return kind === "finish";
}
