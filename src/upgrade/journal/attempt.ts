import type { MigrationFile } from "../../core/migration.js";
import { withoutValues } from "../../core/statement-values.js";
import type { Clock } from "../../core/ports.js";
import type { Dialect } from "../../store/connect.js";
import type { JournalEntry } from "../../store/journal.js";
import type { TableCatalogue } from "../../store/pre-state.js";
import type { RunMoment, RunPoint } from "../run-hooks.js";
import { AttemptOver, attemptEndOf } from "./attempt-over.js";
import { ConnectionState } from "./connection-state.js";
import type { JournalLog } from "./journal-log.js";
import { JournalWriter } from "./journal-writer.js";
import type { JournaledKnex } from "./journaled-client.js";
import type { Recording } from "./recording.js";

export interface AttemptOptions {
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly log: JournalLog;
  /** Keys the hashes of values. */
  readonly secret: string;
  /** The host's connections carry out several statements in one text. */
  readonly multipleStatements: boolean;
  /** Rejects when nothing may be sent: the lease is lost, or the run is to stop. Asked before every statement. */
  readonly assertMayGoOn: () => Promise<void> | undefined;
  readonly atPoint: ((moment: RunMoment) => Promise<void> | void) | null;
  /** Why a statement must not be sent; null: it may. */
  readonly refuse: ((sql: string) => string | null) | null;
  /** The `finish` entries that have just been committed. */
  readonly onCommitted: (finished: readonly JournalEntry[]) => void;
}

/** The migration under way. */
export interface CurrentMigration {
  readonly file: MigrationFile;
  /** What an earlier attempt left of it. */
  readonly recording: Recording;
  /** Names of the steps and backfills that it has come to. */
  readonly steps: Set<string>;
  /** Sent, not answered from the recording. */
  statements: number;
  /** `up` has returned: what comes now, it has not waited for. */
  isOver: boolean;
  /**
   * `starting`: knex's BEGIN of the migration's transaction is to come. `ending`: `up` has returned; `failing`: it has thrown:
   * what comes then is knex's own COMMIT or ROLLBACK.
   */
  phase: "starting" | "running" | "ending" | "failing";
}

const MOST_CAUSES = 5;

/** What the parts of one attempt to carry a run out share. Nothing of it outlives a lost connection: then a new one begins. */
export class Attempt {
  readonly writer: JournalWriter;
  readonly isMysql: boolean;
  current: CurrentMigration | null = null;
  /** MySQL and MariaDB. */
  catalogue: TableCatalogue | null = null;
  #broken: unknown = null;
  /** What the database has refused last. */
  #refused: { readonly error: unknown; readonly sql: string } | null = null;
  readonly #states = new WeakMap<object, ConnectionState>();

  constructor(
    readonly options: AttemptOptions,
    readonly database: JournaledKnex,
  ) {
    this.isMysql = options.dialect === "mysql";
    this.writer = new JournalWriter({
      log: options.log,
      send: (connection, sql, bindings) => this.sendOwn(connection, sql, bindings),
      beginSql: this.isMysql ? "BEGIN" : "BEGIN IMMEDIATE",
      beforeCommit: async () => this.point("before-commit"),
      onCommitted: options.onCommitted,
    });
  }

  /** What ended the attempt; null while it goes on. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Ends the attempt: nothing is sent any more, whatever the migration makes of the error. Returns what to throw. */
  break(error: unknown): unknown {
    this.#broken ??= error;
    return this.#broken;
  }

  noteRefusal(error: unknown, sql: string): void {
    this.#refused = { error, sql };
  }

  /** The statement whose refusal that error is, or came of; null: it is something else. */
  refusedStatement(error: unknown): string | null {
    let cause = error;
    for (let depth = 0; depth < MOST_CAUSES && this.#refused !== null; depth++) {
      if (cause === this.#refused.error) return withoutValues(this.#refused.sql, this.options.dialect);
      cause = (cause as { readonly cause?: unknown } | null | undefined)?.cause;
    }
    return null;
  }

  /** Throws what has ended the attempt. */
  assertUsable(): void {
    if (this.#broken !== null) throw this.#broken;
  }

  async assertMayGoOn(): Promise<void> {
    this.assertUsable();
    try {
      await this.options.assertMayGoOn();
    } catch (error) {
      throw this.break(error);
    }
    this.assertUsable();
  }

  stateOf(connection: object): ConnectionState {
    const known = this.#states.get(connection);
    if (known) return known;
    const state = new ConnectionState(connection);
    this.#states.set(connection, state);
    return state;
  }

  point(point: RunPoint, statement = ""): Promise<void> | void {
    return this.options.atPoint?.({ point, statement, migration: this.current?.file.name ?? null });
  }

  /** The number that the entry of a statement on that connection will have, if nothing else comes before it. */
  nextFor({ spilled, rows }: ConnectionState): number {
    return this.options.log.next + this.writer.waiting + spilled + rows.length;
  }

  comment(sequence = this.options.log.next): string {
    const { runId, token } = this.options.log;
    return `upgate:${runId}:${sequence}:${token}`;
  }

  /** SQL of upgate's own. Its failure ends the attempt. */
  async sendOwn(connection: object, sql: string, bindings: readonly unknown[] = []): Promise<unknown> {
    this.assertUsable();
    try {
      return await this.database.send(connection, `/* ${this.comment()} */ ${sql}`, bindings);
    } catch (error) {
      const end = attemptEndOf(error);
      if (end !== null) throw this.break(new AttemptOver(end, error));
      throw error;
    }
  }
}
