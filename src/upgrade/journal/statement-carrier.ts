import type { Statement, Definition } from "../../core/statement.js";
import { redactStatement } from "../../core/statement-redaction.js";
import type { JournalKind } from "../../store/journal.js";
import { type PreState, readPreState, type SendSql, TableCatalogue } from "../../store/pre-state.js";
import { answered, encodeAnswer, PLAIN_OK, refusedBy } from "./answers.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import { AttemptOver, attemptEndOf } from "./attempt-over.js";
import type { ConnectionState } from "./connection-state.js";
import type { Fingerprint } from "./fingerprints.js";
import { type FoundationAnswer, foundationOf } from "./foundation.js";
import type { NewEntry } from "./journal-log.js";
import { MOST_WAITING } from "./journal-writer.js";
import type { QueryObject, SendQuery } from "./journaled-client.js";
import { answerOfRead, digestRows } from "./read-answers.js";
import type { RecordedStatement } from "./recording.js";
import { refusal } from "./refusal.js";
import { assertSameRows } from "./replay.js";

export interface Sending {
  readonly query: QueryObject;
  readonly send: SendQuery;
  readonly fingerprint: Fingerprint;
  readonly statement: Statement;
}

/** Sends the statements that are not recorded yet, each journaled as its kind needs it. */
export class StatementCarrier {
  constructor(private readonly attempt: Attempt) {}

  async sendAgain(state: ConnectionState, current: CurrentMigration, sending: Sending, recorded: RecordedStatement): Promise<QueryObject> {
    await this.#send(state, sending);
    if (recorded.entry.kind === "read")
      assertSameRows(this.attempt, recorded, digestRows(this.attempt, sending.query, recorded), current.file.name);
    return sending.query;
  }

  async carryOut(state: ConnectionState, current: CurrentMigration, sending: Sending): Promise<void> {
    const { statement, query } = sending;
    switch (statement.kind) {
      case "read":
        return this.#read(state, current, sending, statement);
      case "write":
        if (this.attempt.catalogue?.mentionsNonTransactional(query.sql))
          return this.#withIntent(state, current, sending, "undecidable", "It changes a table whose engine has no transactions.");
        return this.#write(state, current, sending, "write");
      case "temporary":
        return this.#write(state, current, sending, "temporary");
      case "session":
        await this.#send(state, sending);
        this.keep(state, this.entry(current, "session", sending));
        this.attempt.catalogue?.note(statement);
        return;
      case "autocommit":
        // Transactions are upgate's here; with it off, an intent would not be durable before its statement.
        query.response = PLAIN_OK;
        return;
      case "definition":
        if (this.#isCovered(state, query.sql)) return this.#covered(state, current, sending);
        return this.#withIntent(state, current, sending, statement.kind, null);
      case "repeatable":
        return this.#withIntent(state, current, sending, statement.kind, null);
      case "undecidable":
        return this.#withIntent(state, current, sending, "undecidable", statement.why);
      default:
        throw new Error(`A statement of the kind ${statement.kind} can't come here.`);
    }
  }

  async #read(
    state: ConnectionState,
    current: CurrentMigration,
    sending: Sending,
    { locking, schema }: Extract<Statement, { kind: "read" }>,
  ): Promise<void> {
    const { writer } = this.attempt;
    if (state.scope === "own" || (locking && state.scope === "migration")) await writer.open(state);
    try {
      await this.#send(state, sending);
    } catch (error) {
      this.keep(state, this.entry(current, "read", sending, encodeAnswer(refusedBy(error))));
      throw error;
    }
    this.keep(state, this.entry(current, schema ? "schema" : "read", sending, answerOfRead(this.attempt, sending.query, schema)));
    if (state.scope === "migration") await writer.spill(state);
    else if (state.scope === "none" && writer.waiting >= MOST_WAITING) await this.#commit(state);
  }

  /** Commits with its entry: exactly once. */
  async #write(state: ConnectionState, current: CurrentMigration, sending: Sending, kind: JournalKind): Promise<void> {
    const { writer } = this.attempt;
    await writer.open(state);
    const { query } = sending;
    try {
      await this.#send(state, sending);
    } catch (error) {
      if (this.attempt.broken === null) {
        const entry = this.entry(current, "read", sending, encodeAnswer(refusedBy(error)));
        if (state.scope === "none") await writer.rollback(state);
        this.keep(state, entry);
      }
      throw error;
    }
    this.keep(state, this.entry(current, kind, sending, encodeAnswer(answered(query.response, query.context))));
    if (state.scope === "none") await this.#commit(state);
    else if (state.scope === "migration") await writer.spill(state);
  }

  async #commit(state: ConnectionState): Promise<void> {
    await this.attempt.writer.commit(state);
    await this.attempt.point("after-commit");
  }

  /** What commits by itself: announced before, and its end told with the next entries. */
  async #withIntent(
    state: ConnectionState,
    current: CurrentMigration,
    sending: Sending,
    kind: JournalKind,
    why: string | null,
  ): Promise<void> {
    const { attempt } = this;
    const { query, statement } = sending;
    const { clock } = attempt.options;
    await attempt.point("before-intent", query.sql);
    const preState = statement.kind === "definition" ? await this.#preState(state, statement) : null;
    const table = preState && statement.kind === "definition" ? foundationOf(statement, preState, state.announced, query.sql) : null;
    const intent = {
      ...this.entry(current, kind, sending, table === null ? null : JSON.stringify({ foundation: table } satisfies FoundationAnswer)),
      intentAt: clock.timestamp(),
      doneAt: null,
      preState: preState ? JSON.stringify(preState) : why,
    };
    const sequence = await attempt.writer.commit(state, intent);
    state.covered = table === null ? null : { statements: new Set(state.announced.slice(1)), next: sequence + 1 };
    await attempt.point("after-intent", query.sql);
    await attempt.assertMayGoOn();
    const done = (answer: string): void =>
      attempt.writer.add({ kind: "done", migration: current.file.name, of: sequence, answer, doneAt: clock.timestamp() });
    try {
      await this.#send(state, sending, sequence);
    } catch (error) {
      if (attempt.broken === null) done(encodeAnswer(refusedBy(error)));
      if (attempt.broken === null && kind === "undecidable") await this.#commit(state);
      throw error;
    }
    done(encodeAnswer(answered(query.response, query.context)));
    attempt.catalogue?.note(statement);
    if (kind === "undecidable") await this.#commit(state);
  }

  #isCovered({ covered, open }: ConnectionState, sql: string): boolean {
    return covered !== null && !open && covered.next === this.attempt.options.log.next && covered.statements.has(sql);
  }

  /** Goes on making a table that an intent has announced: its entry comes with the next ones. */
  async #covered(state: ConnectionState, current: CurrentMigration, sending: Sending): Promise<void> {
    const { writer, catalogue } = this.attempt;
    await this.attempt.point("before-intent", sending.query.sql);
    const add = (answer: string): void => writer.add(this.entry(current, "definition", sending, answer));
    try {
      await this.#send(state, sending);
    } catch (error) {
      if (this.attempt.broken === null) add(encodeAnswer(refusedBy(error)));
      throw error;
    }
    add(encodeAnswer(answered(sending.query.response, sending.query.context)));
    catalogue?.note(sending.statement);
  }

  async #preState(state: ConnectionState, { targets }: Definition): Promise<PreState> {
    const { attempt } = this;
    const send: SendSql = async (sql, bindings) =>
      (await attempt.sendOwn(state.connection, sql, bindings)) as readonly Record<string, unknown>[];
    if (attempt.catalogue?.stale) attempt.catalogue = await TableCatalogue.read(send);
    return readPreState(send, targets, attempt.catalogue);
  }

  /** `sequence`: of its entry, where that is written already. */
  async #send(state: ConnectionState, { query, send }: Sending, sequence = this.attempt.nextFor(state)): Promise<void> {
    const { attempt } = this;
    const { sql } = query;
    try {
      const answer = send(attempt.comment(sequence));
      if (attempt.options.atPoint) {
        answer.catch(() => undefined);
        await attempt.point("sent", sql);
      }
      await answer;
    } catch (error) {
      attempt.noteRefusal(error, sql);
      const end = attemptEndOf(error);
      throw end === null ? error : attempt.break(new AttemptOver(end, error));
    }
    if (state.open && (state.connection as { inTransaction?: boolean }).inTransaction === false)
      throw attempt.break(
        refusal(attempt.current as CurrentMigration, "it ended the transaction that holds the migration together.", query.sql),
      );
    if (attempt.options.atPoint) await attempt.point("after-statement", query.sql);
  }

  /** With the transaction that is open, or will be; else with the next entries. */
  keep(state: ConnectionState, entry: NewEntry): void {
    if (state.scope === "none" && !state.open) this.attempt.writer.add(entry);
    else state.rows.push(entry);
  }

  entry(
    { file }: CurrentMigration,
    kind: JournalKind,
    { query, fingerprint }: Pick<Sending, "query" | "fingerprint">,
    answer: string | null = null,
  ): NewEntry {
    return {
      kind,
      migration: file.name,
      statementHash: fingerprint.text,
      statement: redactStatement(query.sql),
      bindingsHash: fingerprint.values,
      answer,
      doneAt: this.attempt.options.clock.timestamp(),
    };
  }
}
