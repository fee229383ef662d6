import type { Knex } from "knex";
import type { JournaledStep } from "../core/run-step.js";
import { isSetAside } from "./set-aside.js";
import { readLatestRuns } from "./runs.js";

/**
 * `take`: a process begins to carry the run out; its answer names the entries that count no more. `start`, `finish`: of a
 * migration. `read`: of rows, `schema`: of the structure. `done`: what came of the intent `of`. `verdict`: the operator's word on the entry `of`. The rest are statements by
 * what they do, steps and batches. `restore`: a part of a backup that is in the database again.
 */
export type JournalKind =
  | "take"
  | "start"
  | "finish"
  | "done"
  | "verdict"
  | "read"
  | "schema"
  | "write"
  | "definition"
  | "repeatable"
  | "undecidable"
  | "session"
  | "temporary"
  | "step"
  | "backfill"
  | "restore";

/** One row of `upgate_journal`; rows are only ever added. */
export interface JournalEntry {
  readonly runId: string;
  /** Contiguous within the run: two processes that write at once meet at the primary key, and one of them is too late. */
  readonly sequence: number;
  readonly kind: JournalKind;
  /** Null for what belongs to the run as a whole. */
  readonly migration: string | null;
  /** The lease's, of the process that wrote it. */
  readonly token: number;
  /** The entry that this one speaks of. */
  readonly of: number | null;
  readonly statementHash: string | null;
  readonly statement: string | null;
  readonly bindingsHash: string | null;
  readonly intentAt: string | null;
  readonly preState: string | null;
  readonly answer: string | null;
  readonly doneAt: string | null;
}

interface JournalRow {
  run_id: string;
  sequence: number;
  kind: JournalKind;
  migration: string | null;
  token: number;
  of_sequence: number | null;
  statement_hash: string | null;
  statement: string | null;
  bindings_hash: string | null;
  intent_at: string | null;
  pre_state: string | null;
  answer: string | null;
  done_at: string | null;
}

const COLUMNS = [
  "run_id",
  "sequence",
  "kind",
  "migration",
  "token",
  "of_sequence",
  "statement_hash",
  "statement",
  "bindings_hash",
  "intent_at",
  "pre_state",
  "answer",
  "done_at",
] as const satisfies readonly (keyof JournalRow)[];

export interface SqlText {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** Plain SQL for the migration's own connection: there the host's knex must not have a say. */
export function insertEntriesSql(entries: readonly JournalEntry[]): SqlText {
  const bindings: string[] = [];
  // Half of a row is numbers and nothing: a value that needs no escaping is not bound.
  const place = (value: string | number | null): string => {
    if (typeof value !== "string") return String(value);
    bindings.push(value);
    return "?";
  };
  const rows = entries.map((entry) => `(${valuesOf(entry).map(place).join(",")})`);
  return { sql: `INSERT INTO upgate_journal (${COLUMNS.join(", ")}) VALUES ${rows.join(",")}`, bindings };
}

/** In the order of `COLUMNS`. */
function valuesOf(entry: JournalEntry): (string | number | null)[] {
  return [
    entry.runId,
    entry.sequence,
    entry.kind,
    entry.migration,
    entry.token,
    entry.of,
    entry.statementHash,
    entry.statement,
    entry.bindingsHash,
    entry.intentAt,
    entry.preState,
    entry.answer,
    entry.doneAt,
  ];
}

/** Takes away what the reads of a migration that has ended were answered; `since` null: in whatever run. */
export function forgetAnswersSql(migration: string, since: { readonly runId: string; readonly first: number } | null): SqlText {
  const sql = "UPDATE upgate_journal SET answer = NULL WHERE migration = ? AND kind = 'read'";
  return since === null
    ? { sql, bindings: [migration] }
    : { sql: `${sql} AND run_id = ? AND sequence >= ?`, bindings: [migration, since.runId, since.first] };
}

export async function insertEntries(knex: Knex, entries: readonly JournalEntry[]): Promise<void> {
  const { sql, bindings } = insertEntriesSql(entries);
  await knex.raw(sql, bindings as Knex.RawBinding[]);
}

/** The run itself and those that it supersedes, newest first: their unfinished migration is the one to go on with. */
export async function readLineage(knex: Knex, runId: string): Promise<string[]> {
  const runs = await readLatestRuns(knex, MOST_SUPERSEDED);
  const lineage = [runId];
  for (const run of runs) {
    if (run.id === runId || run.status === "aborted") continue;
    if (run.status !== "superseded") break;
    lineage.push(run.id);
  }
  return lineage;
}

const MOST_SUPERSEDED = 100;

/** The finished migrations that the journal of these runs tells of, in order. */
export async function readFinished(knex: Knex, runIds: readonly string[]): Promise<JournalEntry[]> {
  return (await entriesOf(knex, runIds).where({ kind: "finish" })).map(fromRow);
}

/** The journal of these runs' migrations that were begun and not finished, in order; take and verdict entries included. */
export async function readUnfinished(knex: Knex, runIds: readonly string[]): Promise<JournalEntry[]> {
  const names: { migration: string }[] = await knex<JournalRow>("upgate_journal")
    .whereIn("run_id", runIds)
    .whereNotNull("migration")
    .groupBy("migration")
    .havingRaw("max(case when kind = 'finish' then 1 else 0 end) = 0")
    .select("migration");
  const unfinished = names.map(({ migration }) => migration).filter((name) => !isSetAside(name));
  const rows = await entriesOf(knex, runIds).where((where) =>
    where.whereIn("migration", unfinished).orWhereIn("kind", ["take", "verdict"]),
  );
  const age = new Map(runIds.map((id, index) => [id, index]));
  const ordered = rows.toSorted((a, b) => (age.get(b.run_id) ?? 0) - (age.get(a.run_id) ?? 0) || Number(a.sequence) - Number(b.sequence));
  return ordered.map(fromRow);
}

function entriesOf(knex: Knex, runIds: readonly string[]): Knex.QueryBuilder<JournalRow, JournalRow[]> {
  return knex<JournalRow>("upgate_journal").select("*").whereIn("run_id", runIds).orderBy("run_id").orderBy("sequence") as never;
}

/** 0 while the journal is empty. */
export async function readLastSequence(knex: Knex, runId: string): Promise<number> {
  const row = await knex<JournalRow>("upgate_journal").where({ run_id: runId }).max({ last: "sequence" }).first();
  return Number(row?.last ?? 0);
}

export type JournaledStatement = Pick<JournalEntry, "sequence" | "kind" | "migration" | "statement" | "intentAt" | "doneAt">;

/** The newest `limit` entries of a run, in order, without what they were answered. */
export async function readStatements(knex: Knex, runId: string, limit: number): Promise<JournaledStatement[]> {
  const rows = await knex<JournalRow>("upgate_journal").where({ run_id: runId }).orderBy("sequence", "desc").limit(limit);
  return rows.toReversed().map((row) => {
    const { sequence, kind, migration, statement, intentAt, doneAt } = fromRow(row);
    return { sequence, kind, migration, statement, intentAt, doneAt };
  });
}

const MOST_STEP_TEXT = 4000;
/** Tells a refusal. */
const ANSWER_BEGINNING = 32;

/** The newest `limit` entries of a run, in order, with the beginnings of texts and answers: what its progress is told by. */
export async function readLatestSteps(knex: Knex, runId: string, limit: number): Promise<JournaledStep[]> {
  const rows: (Omit<JournaledStep, "of" | "intentAt" | "doneAt"> & {
    of: number | null;
    intent_at: string | null;
    done_at: string | null;
  })[] = await knex("upgate_journal")
    .where({ run_id: runId })
    .orderBy("sequence", "desc")
    .limit(limit)
    .select("sequence", "kind", "migration", "intent_at", "done_at", { of: "of_sequence" })
    .select(
      knex.raw(
        `substr(statement, 1, ${MOST_STEP_TEXT}) as statement, case when kind in ('backfill', 'take') then answer else substr(answer, 1, ${ANSWER_BEGINNING}) end as answer`,
      ),
    );
  return rows.toReversed().map(({ sequence, of, intent_at: intentAt, done_at: doneAt, ...rest }) => {
    return { ...rest, sequence: Number(sequence), of: of === null ? null : Number(of), intentAt, doneAt };
  });
}

function fromRow(row: JournalRow): JournalEntry {
  return {
    runId: row.run_id,
    sequence: Number(row.sequence),
    kind: row.kind,
    migration: row.migration,
    token: Number(row.token),
    of: row.of_sequence === null ? null : Number(row.of_sequence),
    statementHash: row.statement_hash,
    statement: row.statement,
    bindingsHash: row.bindings_hash,
    intentAt: row.intent_at,
    preState: row.pre_state,
    answer: row.answer,
    doneAt: row.done_at,
  };
}
