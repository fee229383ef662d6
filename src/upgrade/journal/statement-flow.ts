import { UpgateError } from "../../core/errors.js";
import { classifyStatement, type Definition, type Statement } from "../../core/statement.js";
import { redactStatement } from "../../core/statement-redaction.js";
import type { JournalKind } from "../../store/journal.js";
import { type PreState, readPreState, type SendSql, TableCatalogue } from "../../store/pre-state.js";
import { answered, encodeAnswer, PLAIN_OK, refusedBy } from "./answers.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import { AttemptOver, attemptEndOf } from "./attempt-over.js";
import type { ConnectionState } from "./connection-state.js";
import { bindingsHash, rowsDigest, statementHash } from "./fingerprints.js";
import { type FoundationAnswer, foundationOf } from "./foundation.js";
import type { NewEntry } from "./journal-log.js";
import { MOST_WAITING } from "./journal-writer.js";
import type { QueryObject, SendQuery, StatementGate } from "./journaled-client.js";
import type { RecordedStatement } from "./recording.js";
import { refusal } from "./refusal.js";
import { assertSameRows, recordedFor, replay } from "./replay.js";
import { carryOutControl, isControl } from "./transaction-control.js";

/** knex's own, on a connection of its own, when a statement with `.timeout(ms, { cancel: true })` takes too long. */
const CANCEL = "KILL QUERY ?";

/** Answers of reads are kept up to this many characters. */
const MOST_ANSWER = 4096;

type Sending = { readonly query: QueryObject; readonly send: SendQuery; readonly hash: string; readonly statement: Statement };

/** What every statement of a migration passes: answered from the recording, or journaled and sent. */
export class StatementFlow implements StatementGate {
  constructor(
    private readonly attempt: Attempt,
    private readonly onConnected: (connection: object) => Promise<void>,
  ) {}

  async query(connection: object, query: QueryObject, send: SendQuery): Promise<unknown> {
    const { attempt } = this;
    attempt.assertUsable();
    if (query.sql === CANCEL) return send(attempt.comment());
    const current = this.#current();
    const state = attempt.stateOf(connection);
    const statement = classifyStatement(query.sql, attempt.options.dialect);
    if (statement.kind === "refused") throw refusal(current, statement.why, query.sql);
    if (isControl(statement)) return state.turns.take(() => carryOutControl(attempt, current, state, statement, query, send));
    const hash = statementHash(query.sql);
    const recorded = await recordedFor(attempt, current, query, hash);
    if (recorded?.outcome && recorded.entry.kind !== "session") return replay(recorded, query);
    return state.turns.take(async () => {
      await attempt.assertMayGoOn();
      const sending: Sending = { query, send, hash, statement };
      if (recorded) return this.#sendAgain(state, current, sending, recorded);
      current.statements++;
      await this.#carryOut(state, current, sending);
      return query;
    });
  }

  /** A stream's rows are not kept; on a second run it flows again. */
  async stream(connection: object, query: QueryObject, send: SendQuery): Promise<unknown> {
    const { attempt } = this;
    attempt.assertUsable();
    const current = this.#current();
    const hash = statementHash(query.sql);
    const recorded = await recordedFor(attempt, current, query, hash);
    return attempt.stateOf(connection).turns.take(async () => {
      await attempt.assertMayGoOn();
      const result = await send(attempt.comment());
      if (!recorded) attempt.writer.add(this.#entry(current, "read", { query, hash }));
      return result;
    });
  }

  announce(connection: object, statements: readonly string[]): void {
    const state = this.attempt.stateOf(connection);
    state.announced = statements;
    state.covered = null;
  }

  connected(connection: object): Promise<void> {
    return this.onConnected(connection);
  }

  #current(): CurrentMigration {
    const { current } = this.attempt;
    if (current) return current;
    throw new UpgateError(
      "ERR_UPGATE_STATEMENT_REFUSED",
      "A migration sent a statement after it had ended: a promise in it is not awaited.",
    );
  }

  async #sendAgain(state: ConnectionState, current: CurrentMigration, sending: Sending, recorded: RecordedStatement): Promise<QueryObject> {
    await this.#send(state, sending);
    if (recorded.entry.kind === "read") assertSameRows(this.attempt, recorded, this.#rows(sending.query), current.file.name);
    return sending.query;
  }

  async #carryOut(state: ConnectionState, current: CurrentMigration, sending: Sending): Promise<void> {
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
        this.#keep(state, this.#entry(current, "session", sending));
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
      this.#keep(state, this.#entry(current, "read", sending, encodeAnswer(refusedBy(error))));
      throw error;
    }
    this.#keep(state, this.#entry(current, "read", sending, this.#answerOfRead(sending.query, schema)));
    if (state.scope === "migration") await writer.spill(state);
    else if (state.scope === "none" && writer.waiting >= MOST_WAITING) await this.#commit(state);
  }

  /** The schema steers a migration and is changed by it, so it is kept whole. */
  #answerOfRead({ response, context }: QueryObject, schema: boolean): string {
    const rows = this.#rows({ response } as QueryObject);
    const small = schema || !Array.isArray(rows) || rows.length <= MOST_ANSWER / 16 ? encodeAnswer(answered(response, context)) : null;
    if (small !== null && (schema || small.length <= MOST_ANSWER)) return small;
    return JSON.stringify(rowsDigest(this.attempt.options.secret, rows, null) ?? { columns: [], digest: "unknown" });
  }

  #rows({ response }: QueryObject): unknown {
    return this.attempt.isMysql && Array.isArray(response) ? (response as unknown[])[0] : response;
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
        const entry = this.#entry(current, "read", sending, encodeAnswer(refusedBy(error)));
        if (state.scope === "none") await writer.rollback(state);
        this.#keep(state, entry);
      }
      throw error;
    }
    this.#keep(state, this.#entry(current, kind, sending, encodeAnswer(answered(query.response, query.context))));
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
      ...this.#entry(current, kind, sending, table === null ? null : JSON.stringify({ foundation: table } satisfies FoundationAnswer)),
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
    const add = (answer: string): void => writer.add(this.#entry(current, "definition", sending, answer));
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
    try {
      const answer = send(attempt.comment(sequence));
      if (attempt.options.atPoint) {
        answer.catch(() => undefined);
        await attempt.point("sent", query.sql);
      }
      await answer;
    } catch (error) {
      const end = attemptEndOf(error);
      throw end === null ? error : attempt.break(new AttemptOver(end, error));
    }
    if (state.open && (state.connection as { inTransaction?: boolean }).inTransaction === false)
      throw attempt.break(refusal(this.#current(), "it ended the transaction that holds the migration together.", query.sql));
    if (attempt.options.atPoint) await attempt.point("after-statement", query.sql);
  }

  /** With the transaction that is open, or will be; else with the next entries. */
  #keep(state: ConnectionState, entry: NewEntry): void {
    if (state.scope === "none" && !state.open) this.attempt.writer.add(entry);
    else state.rows.push(entry);
  }

  #entry(
    { file }: CurrentMigration,
    kind: JournalKind,
    { query, hash }: Pick<Sending, "query" | "hash">,
    answer: string | null = null,
  ): NewEntry {
    const { secret, clock } = this.attempt.options;
    return {
      kind,
      migration: file.name,
      statementHash: hash,
      statement: redactStatement(query.sql),
      bindingsHash: bindingsHash(secret, query.bindings ?? [], Date.now()),
      answer,
      doneAt: clock.timestamp(),
    };
  }
}
