import type { Knex } from "knex";
import { UpgateError } from "../../core/errors.js";
import type { StatementInDoubt } from "../../core/migration.js";
import type { InDoubtAnswer, Run } from "../../core/run.js";
import { withFreshReads } from "../../store/fresh-reads.js";
import { insertEntries, type JournalEntry, readFinished, readLastSequence, readLineage, readUnfinished } from "../../store/journal.js";
import type { Store } from "../../store/store.js";
import { JournalLog } from "./journal-log.js";
import { keyOf, lostTemporaryTable, sortOut, statementInDoubt, type Unfinished } from "./unfinished.js";

export interface ReadJournal {
  /** The run and those that it supersedes, newest first. */
  readonly runIds: readonly string[];
  readonly finished: readonly JournalEntry[];
  /** Of unfinished migrations. */
  readonly entries: readonly JournalEntry[];
  /** The run's own last number. */
  readonly last: number;
}

export async function readJournal(knex: Knex, runId: string): Promise<ReadJournal> {
  const runIds = await readLineage(knex, runId);
  const last = await readLastSequence(knex, runId);
  return { runIds, last, finished: await readFinished(knex, runIds), entries: await readUnfinished(knex, runIds) };
}

/** What nothing in the journal decides: a statement without an end, or tables that went with the connection. */
export function openDoubt(unfinished: Unfinished): JournalEntry | null {
  return statementInDoubt(unfinished) ?? lostTemporaryTable(unfinished);
}

const SHOWN_CHARACTERS = 2000;

export function describe(doubt: JournalEntry): StatementInDoubt {
  const statement = doubt.statement ?? "";
  const shown = statement.length > SHOWN_CHARACTERS ? `${statement.slice(0, SHOWN_CHARACTERS - 1)}…` : statement;
  return { sequence: doubt.sequence, statement: shown, why: whyOf(doubt) };
}

function whyOf({ kind, preState, answer }: JournalEntry): string {
  if (kind === "temporary") return "It made a temporary table, which went with the process.";
  if (kind !== "definition") return preState ?? "Nothing in the database shows it.";
  return answer === null
    ? "It names several tables, and some are changed and some are not."
    : "It made a new table, and there are rows in it that the upgrade has not put there.";
}

/** `ERR_UPGATE_IN_DOUBT`, with what the operator has to decide. */
export class InDoubtError extends UpgateError {
  constructor(
    migration: string,
    readonly inDoubt: StatementInDoubt,
  ) {
    super("ERR_UPGATE_IN_DOUBT", `It can't be told whether the database has carried out a statement of ${migration}. ${inDoubt.why}`);
  }
}

/**
 * Writes the operator's word on a failed run's statement in doubt down, under the lease. Throws `ERR_UPGATE_IN_DOUBT` where the
 * question is open and there is no answer, `ERR_UPGATE_STATE` for an answer without a question. A question that the journal does
 * not hold any more, because a repair has put its migration aside, needs none.
 */
export async function answerDoubt(store: Store, { id, error }: Run, token: number, answer: InDoubtAnswer | undefined): Promise<void> {
  if (error?.inDoubt === undefined && answer === undefined) return;
  if (error?.inDoubt === undefined) throw new UpgateError("ERR_UPGATE_STATE", "There is no statement in doubt.");
  const { entries, last } = await withFreshReads(store, (knex) => readJournal(knex, id));
  const doubt = openDoubt(sortOut(entries));
  if (doubt === null) return;
  if (answer === undefined) throw new InDoubtError(String(doubt.migration), describe(doubt));
  const log = new JournalLog(id, token, last);
  const verdict = { kind: "verdict", migration: null, statement: keyOf(doubt), answer, doneAt: store.clock.timestamp() } as const;
  await insertEntries(store.knex, log.number([verdict]));
}
