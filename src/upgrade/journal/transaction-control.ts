import type { Statement } from "../../core/statement.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import type { ConnectionState } from "./connection-state.js";
import type { NewEntry } from "./journal-log.js";
import type { QueryObject, SendQuery } from "./journaled-client.js";
import { PLAIN_OK } from "./answers.js";
import { AttemptOver } from "./attempt-over.js";
import { refusal } from "./refusal.js";

export type Control = Extract<Statement, { kind: "begin" | "commit" | "rollback" | "savepoint" | "release" | "rollback-to" }>;

const CONTROLS: ReadonlySet<Statement["kind"]> = new Set(["begin", "commit", "rollback", "savepoint", "release", "rollback-to"]);

export function isControl(statement: Statement): statement is Control {
  return CONTROLS.has(statement.kind);
}

/**
 * A transaction's statements are not journaled: when it begins and ends is decided here. Its rows and their journal entries are
 * one transaction, opened by the first statement that needs it; a savepoint of the recorded part is not there any more.
 */
export async function carryOutControl(
  attempt: Attempt,
  current: CurrentMigration,
  state: ConnectionState,
  control: Control,
  query: QueryObject,
  send: SendQuery,
): Promise<QueryObject> {
  query.response = attempt.isMysql ? PLAIN_OK : { changes: 0, lastInsertRowid: 0 };
  switch (control.kind) {
    case "begin":
      await begin(attempt, current, state, query);
      break;
    case "commit":
      await commit(attempt, current, state, query, control.chain);
      break;
    case "rollback":
      await rollback(attempt, current, state, query, control.chain);
      break;
    case "savepoint":
      if (current.recording.isAhead) break;
      await attempt.assertMayGoOn();
      await attempt.writer.open(state);
      await send(attempt.comment());
      state.savepoints.add(control.name);
      break;
    case "release":
    case "rollback-to":
      // A DDL statement has committed the transaction and its savepoints; knex goes on with a warning then, and so does this.
      if (state.savepoints.has(control.name)) await send(attempt.comment());
      if (control.kind === "release") state.savepoints.delete(control.name);
      break;
  }
  return query;
}

async function begin(attempt: Attempt, current: CurrentMigration, state: ConnectionState, { sql }: QueryObject): Promise<void> {
  if (current.phase === "starting") {
    current.phase = "running";
    state.scope = "migration";
    if (!attempt.isMysql) await attempt.writer.open(state);
    return;
  }
  if (!attempt.isMysql && state.scope !== "none")
    throw refusal(current, "the migration has a transaction already; SQLite has no second one.", sql);
  // MySQL: it commits the transaction before.
  if (state.open) await attempt.writer.commit(state);
  if (state.scope === "none") state.scope = "own";
}

async function commit(
  attempt: Attempt,
  current: CurrentMigration,
  state: ConnectionState,
  { sql }: QueryObject,
  chain: boolean,
): Promise<void> {
  if (state.scope === "migration" && current.phase === "ending") {
    state.scope = "none";
    return;
  }
  if (state.scope === "migration" && !attempt.isMysql)
    throw refusal(current, "it would end the transaction that holds the migration together.", sql);
  if (state.open) {
    await attempt.writer.commit(state);
    await attempt.point("after-commit");
  }
  if (state.scope === "own" && !chain) state.scope = "none";
}

async function rollback(
  attempt: Attempt,
  current: CurrentMigration,
  state: ConnectionState,
  { sql }: QueryObject,
  chain: boolean,
): Promise<void> {
  const isEnd = state.scope === "migration" && current.phase === "failing";
  if (state.scope === "migration" && !isEnd && !attempt.isMysql)
    throw refusal(current, "it would end the transaction that holds the migration together.", sql);
  if (attempt.broken !== null) {
    await giveUp(attempt, state);
  } else {
    const undone = await attempt.writer.rollback(state);
    if (undone.some(({ kind, migration }) => kind === "finish" && migration !== current.file.name))
      attempt.break(new AttemptOver("undone", null));
    attempt.assertUsable();
    // What the migration saw of them steers it, but they have changed nothing.
    if (!isEnd) for (const entry of undone) attempt.writer.add(isChange(entry) ? { ...entry, kind: "read" } : entry);
  }
  if (isEnd || (state.scope === "own" && !chain)) state.scope = "none";
}

/** Nothing may be sent any more but this: locks that are held would keep others waiting until the connection is closed. */
async function giveUp({ database }: Attempt, state: ConnectionState): Promise<void> {
  const { open, connection } = state;
  state.closed();
  if (!open) return;
  // Of a connection that is gone the server rolls back what was open.
  await database.send(connection, "ROLLBACK").catch(() => undefined);
}

function isChange({ kind }: NewEntry): boolean {
  return kind === "write" || kind === "temporary" || kind === "backfill" || kind === "step";
}
