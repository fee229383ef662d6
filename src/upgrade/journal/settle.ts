import type { InDoubtAnswer } from "../../core/run.js";
import type { StatementInDoubt } from "../../core/migration.js";
import { classifyStatement, type DefinitionTarget } from "../../core/statement.js";
import { isDeadlock, isDuplicate } from "../../store/driver-errors.js";
import { withFreshReads } from "../../store/fresh-reads.js";
import { insertEntries, type JournalEntry, readLastSequence } from "../../store/journal.js";
import { judgeOutcome, type PreState, readPreState, type SendSql } from "../../store/pre-state.js";
import type { Store } from "../../store/store.js";
import { encodeAnswer, PLAIN_OK } from "./answers.js";
import { describe, openDoubt, InDoubtError, readJournal } from "./doubt.js";
import type { FoundationAnswer } from "./foundation.js";
import type { HistoryProjector } from "./history-projector.js";
import { JournalLog, type NewEntry } from "./journal-log.js";
import type { Recording } from "./recording.js";
import { keyOf, recordingsOf, sortOut, tailOf, type Unfinished } from "./unfinished.js";

export interface SettleOptions {
  readonly store: Store;
  readonly runId: string;
  readonly token: number;
  /** Host and process, for the report. */
  readonly by: string;
  readonly projector: HistoryProjector;
  /** On the migration's own connection: it sees all that was committed. */
  readonly send: SendSql;
  /** Asks the migration's own `verify`; undefined: it does not know. */
  readonly verify: (migration: string, inDoubt: StatementInDoubt) => Promise<boolean | undefined>;
}

export interface Settled {
  readonly log: JournalLog;
  readonly recordings: ReadonlyMap<string, Recording>;
}

const MOST_TRIES = 5;

/**
 * Takes the journal over: brings the history up to date, decides what came of the statement in doubt, and writes down that a new
 * attempt begins, which keeps every earlier one from writing. What an earlier process still does in the server must be gone
 * before. Throws `ERR_UPGATE_IN_DOUBT` when it can't be told.
 */
export async function settle(options: SettleOptions): Promise<Settled> {
  for (let tries = 1; ; tries++) {
    try {
      return await trySettle(options);
    } catch (error) {
      // A predecessor's last write came in between: it is read now, and it was the last one.
      if (!(isDuplicate(error) || isDeadlock(error)) || tries === MOST_TRIES) throw error;
    }
  }
}

async function trySettle(options: SettleOptions): Promise<Settled> {
  const { store, runId, token, projector } = options;
  const { clock } = store;
  const { runIds, finished, entries, last } = await withFreshReads(store, (knex) => readJournal(knex, runId));
  projector.finished(finished);
  await projector.flush();
  const unfinished = sortOut(entries);
  const doubt = openDoubt(unfinished);
  const verdict = doubt && (await decide(options, unfinished, doubt));
  const applied = doubt && verdict === "applied" ? [appliedEntry(doubt, clock.timestamp())] : [];
  const settled = sortOut([...entries, ...applied.map((entry) => ({ ...(doubt as JournalEntry), ...entry }))]);
  const dead = new Set([...tailOf(settled), ...(doubt && verdict === "again" ? [keyOf(doubt)] : [])]);
  // A process that has lost the lease is refused in every journal that it may still want to write to.
  for (const other of runIds.slice(1)) {
    const log = new JournalLog(other, token, await readLastSequence(store.knex, other));
    await insertEntries(store.knex, log.number([...(doubt?.runId === other ? applied : []), takeEntry(options, [])]));
  }
  const log = new JournalLog(runId, token, last);
  const numbered = log.number([...(doubt?.runId === runId ? applied : []), takeEntry(options, [...dead])]);
  await insertEntries(store.knex, numbered);
  log.committed(numbered.length);
  return { log, recordings: recordingsOf(settled, dead) };
}

function takeEntry({ by, store }: SettleOptions, dead: readonly string[]): NewEntry {
  return { kind: "take", migration: null, answer: JSON.stringify({ void: dead, by }), doneAt: store.clock.timestamp() };
}

function appliedEntry(doubt: JournalEntry, doneAt: string): NewEntry {
  const answer = encodeAnswer({ kind: "answered", response: PLAIN_OK });
  return { kind: "done", migration: doubt.migration, of: doubt.sequence, answer, doneAt };
}

async function decide(options: SettleOptions, { verdicts }: Unfinished, doubt: JournalEntry): Promise<InDoubtAnswer> {
  const said = verdicts.get(keyOf(doubt))?.answer;
  if (said === "applied" || said === "again") return said;
  if (doubt.kind === "repeatable") return "again";
  const outcome = doubt.kind === "definition" ? await outcomeOf(options.send, doubt) : "undecidable";
  if (outcome === "applied" || outcome === "again") return outcome;
  const inDoubt = describe(doubt);
  const verified = await options.verify(String(doubt.migration), inDoubt);
  if (verified !== undefined) return verified ? "applied" : "again";
  throw new InDoubtError(
    `It can't be told whether the database has carried out a statement of ${doubt.migration}. ${inDoubt.why}`,
    inDoubt,
  );
}

/** A DDL statement is atomic (MySQL 8, MariaDB 10.6.1; one over several tables: for each): they are as before, or as it has made them. */
async function outcomeOf(send: SendSql, { statement, preState, answer }: JournalEntry): Promise<InDoubtAnswer | "undecidable"> {
  const definition = classifyStatement(statement ?? "", "mysql");
  if (definition.kind !== "definition" || preState === null) return "undecidable";
  if (definition.repeatable) return "again";
  const { foundation = null } = (answer === null ? {} : JSON.parse(answer)) as Partial<FoundationAnswer>;
  if (foundation !== null) return (await removeFoundation(send, definition.targets[0] as DefinitionTarget)) ? "again" : "undecidable";
  switch (judgeOutcome(definition, JSON.parse(preState) as PreState, await readPreState(send, definition.targets, null))) {
    case "unchanged":
      return "again";
    case "changed":
      return "applied";
    case "partly":
      return "undecidable";
  }
}

/** A table that was being made from nothing is removed, to be made anew; false when it holds rows, which nobody has put there. */
async function removeFoundation(send: SendSql, target: DefinitionTarget): Promise<boolean> {
  const name = target.path.map((part) => `\`${part.replaceAll("`", "``")}\``).join(".");
  const { [`table ${target.name}`]: state } = await readPreState(send, [target], null);
  if (state === null) return true;
  if ((await send(`SELECT 1 FROM ${name} LIMIT 1`)).length > 0) return false;
  await send(`DROP TABLE ${name}`);
  return true;
}
