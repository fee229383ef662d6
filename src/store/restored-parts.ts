import type { Knex } from "knex";
import { orAbsent } from "./driver-errors.js";
import { insertEntries, type JournalEntry, readLastSequence } from "./journal.js";

interface JournalRow {
  run_id: string;
  kind: string;
  statement: string | null;
}

/** The parts that a run has restored; none before the journal itself was. */
export async function readRestored(knex: Knex, runId: string): Promise<Set<string>> {
  const rows = await orAbsent(() => knex<JournalRow>("upgate_journal").where({ run_id: runId, kind: "restore" }).select("statement"), []);
  return new Set(rows.flatMap(({ statement }) => statement ?? []));
}

/** Rejects with a duplicate-key error when another process has written that number of the run's journal. */
export async function insertRestored(
  knex: Knex,
  { runId, token, part, at }: { readonly runId: string; readonly token: number; readonly part: string; readonly at: string },
): Promise<void> {
  const entry: JournalEntry = {
    runId,
    sequence: (await readLastSequence(knex, runId)) + 1,
    kind: "restore",
    migration: null,
    token,
    of: null,
    statementHash: null,
    statement: part,
    bindingsHash: null,
    intentAt: null,
    preState: null,
    answer: null,
    doneAt: at,
  };
  await insertEntries(knex, [entry]);
}

export async function forgetRestored(knex: Knex, runId: string): Promise<void> {
  await orAbsent(() => knex<JournalRow>("upgate_journal").where({ run_id: runId, kind: "restore" }).delete(), 0);
}
