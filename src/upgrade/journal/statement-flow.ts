import { isUpgateError, UpgateError } from "../../core/errors.js";
import { classifyStatement, type Statement } from "../../core/statement.js";
import { hasSeveralStatements } from "../../core/statement-several.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import type { ConnectionState } from "./connection-state.js";
import { fingerprintOf } from "./fingerprints.js";
import type { QueryObject, RowSink, SendQuery, StatementGate } from "./journaled-client.js";
import { emptyDigest } from "./read-answers.js";
import { refusal, Shielded } from "./refusal.js";
import { assertSameRows, recordedFor, replay } from "./replay.js";
import { type Sending, StatementCarrier } from "./statement-carrier.js";
import { carryOutControl, isControl } from "./transaction-control.js";

/** knex's own, on a connection of its own, when a statement with `.timeout(ms, { cancel: true })` takes too long. */
const CANCEL = "KILL QUERY ?";

/** What every statement of a migration passes: answered from the recording, or journaled and sent. */
export class StatementFlow implements StatementGate {
  readonly #carrier: StatementCarrier;

  constructor(
    private readonly attempt: Attempt,
    private readonly onConnected: (connection: object) => Promise<void>,
  ) {
    this.#carrier = new StatementCarrier(attempt);
  }

  query(connection: object, query: QueryObject, send: SendQuery): Promise<unknown> {
    return shielded(() => this.#query(connection, query, send));
  }

  async #query(connection: object, query: QueryObject, send: SendQuery): Promise<unknown> {
    const { attempt } = this;
    const statement = classifyStatement(query.sql, attempt.options.dialect);
    // What ends an attempt must be let through when it has ended.
    if (statement.kind !== "rollback") attempt.assertUsable();
    if (query.sql === CANCEL) return send(attempt.comment());
    const current = attempt.current && isControl(statement) ? attempt.current : this.#current();
    const state = attempt.stateOf(connection);
    const why = refusalOf(attempt, state, statement, query.sql);
    if (why !== null) throw refusal(current, why, query.sql);
    if (isControl(statement)) return state.turns.take(() => carryOutControl(attempt, current, state, statement, query, send));
    const fingerprint = fingerprintOf(attempt.options.secret, query.sql, query.bindings);
    const recorded = await recordedFor(attempt, current, query, fingerprint);
    if (recorded?.outcome && recorded.entry.kind !== "session") return replay(recorded, query);
    return state.turns.take(async () => {
      await attempt.assertMayGoOn();
      const sending: Sending = { query, send, fingerprint, statement };
      if (recorded) return this.#carrier.sendAgain(state, current, sending, recorded);
      current.statements++;
      await this.#carrier.carryOut(state, current, sending);
      return query;
    });
  }

  /** A stream's rows are not kept, but compared when it flows again. */
  stream(connection: object, query: QueryObject, target: RowSink, send: SendQuery): Promise<unknown> {
    return shielded(() => this.#stream(connection, query, target, send));
  }

  async #stream(connection: object, query: QueryObject, target: RowSink, send: SendQuery): Promise<unknown> {
    const { attempt } = this;
    attempt.assertUsable();
    // SQLite's streams read all rows first, by a query that comes here by itself.
    if (!attempt.isMysql) return send(null);
    const current = this.#current();
    const state = attempt.stateOf(connection);
    const fingerprint = fingerprintOf(attempt.options.secret, query.sql, query.bindings);
    const recorded = await recordedFor(attempt, current, query, fingerprint);
    const digest = emptyDigest(attempt, recorded);
    const write = target.write.bind(target);
    target.write = (row, ...rest) => {
      digest.add(row);
      return write(row, ...rest);
    };
    return state.turns.take(async () => {
      await attempt.assertMayGoOn();
      const result = await send(attempt.comment(attempt.nextFor(state)));
      if (recorded) assertSameRows(attempt, recorded, digest, current.file.name);
      else this.#carrier.keep(state, this.#carrier.entry(current, "read", { query, fingerprint }, JSON.stringify(digest.result)));
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
    if (current && !current.isOver) return current;
    const who = current?.file.name ?? "A migration";
    throw this.attempt.break(
      new UpgateError("ERR_UPGATE_STATEMENT_REFUSED", `${who} sent a statement after it had ended: a promise in it is not awaited.`),
    );
  }
}

async function shielded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isUpgateError(error) ? new Shielded(error) : error;
  }
}

/** Null: it may be sent. */
function refusalOf({ isMysql, options }: Attempt, { scope }: ConnectionState, statement: Statement, sql: string): string | null {
  if (statement.kind === "refused") return statement.why;
  if (!isMysql && scope === "none" && /^\s*create\s+temp/i.test(sql))
    return "without a transaction of upgate's a temporary table is lost when the process dies.";
  if (options.multipleStatements && hasSeveralStatements(sql))
    return "it is more than one statement, and a process may die between them; send them one by one.";
  return statement.kind === "read" ? null : (options.refuse?.(sql) ?? null);
}
