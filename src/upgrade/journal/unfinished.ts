import { classifyStatement } from "../../core/statement.js";
import type { JournalEntry } from "../../store/journal.js";
import { entryKey, Recording } from "./recording.js";

/** What `take` entries hold: the entries that count no more, as `run:sequence`. */
export interface TakeAnswer {
  readonly void: readonly string[];
  /** Who begins: host and process, for the report. */
  readonly by: string;
}

/** The journal of unfinished migrations, sorted out. */
export interface Unfinished {
  /** By migration, in order; without what counts no more. */
  readonly statements: ReadonlyMap<string, readonly JournalEntry[]>;
  /** By the intent's key. */
  readonly dones: ReadonlyMap<string, JournalEntry>;
  /** The operator's word, by the key of the entry that it speaks of. */
  readonly verdicts: ReadonlyMap<string, JournalEntry>;
}

export function sortOut(entries: readonly JournalEntry[]): Unfinished {
  const dead = new Set(
    entries.filter(({ kind }) => kind === "take").flatMap(({ answer }) => (JSON.parse(String(answer)) as TakeAnswer).void),
  );
  const statements = new Map<string, JournalEntry[]>();
  const dones = new Map<string, JournalEntry>();
  const verdicts = new Map<string, JournalEntry>();
  for (const entry of entries) {
    if (entry.kind === "done" && entry.of !== null) dones.set(entryKey(entry.runId, entry.of), entry);
    else if (entry.kind === "verdict") verdicts.set(String(entry.statement), entry);
    else if (entry.migration !== null && entry.kind !== "start" && !dead.has(keyOf(entry))) listed(statements, entry.migration).push(entry);
  }
  return { statements, dones, verdicts };
}

function listed(lists: Map<string, JournalEntry[]>, name: string): JournalEntry[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

/** The intent of which nothing tells how it ended: at most one, because the next entry would imply its end. */
export function statementInDoubt({ statements, dones }: Unfinished): JournalEntry | null {
  for (const entries of statements.values()) {
    const last = entries.at(-1);
    if (last && last.intentAt !== null && last.kind !== "step" && !dones.has(keyOf(last))) return last;
  }
  return null;
}

/** Temporary tables that the recorded part of a migration has made: they went with the connection. */
export function lostTemporaryTable({ statements, verdicts }: Unfinished): JournalEntry | null {
  for (const entries of statements.values()) {
    const entry = entries.find(({ kind }) => kind === "temporary");
    if (entry && !verdicts.has(keyOf(entry))) return entry;
  }
  return null;
}

/**
 * What an attempt leaves behind its last effect is not kept: reads are made again, and what was refused is tried again, because
 * the operator may have removed its cause. Keys of the entries that count no more.
 */
export function tailOf({ statements, dones }: Unfinished): string[] {
  return [...statements.values()].flatMap((entries) => {
    const last = entries.findLastIndex((entry) => isEffect(entry, dones));
    return entries.slice(last + 1).map(keyOf);
  });
}

function isEffect(entry: JournalEntry, dones: ReadonlyMap<string, JournalEntry>): boolean {
  if (entry.kind === "read" || entry.kind === "schema" || entry.kind === "session") return false;
  const answer = entry.intentAt === null ? entry.answer : (dones.get(keyOf(entry))?.answer ?? null);
  if (entry.kind === "step") return answer !== null;
  return answer === null || (JSON.parse(answer) as { kind?: string }).kind !== "refused";
}

export function recordingsOf(unfinished: Unfinished, alsoDead: ReadonlySet<string>): Map<string, Recording> {
  const recordings = new Map<string, Recording>();
  for (const [name, entries] of unfinished.statements) {
    const kept = withTemporaryTables(entries, unfinished.verdicts).filter((entry) => !alsoDead.has(keyOf(entry)));
    recordings.set(name, new Recording(kept, unfinished.dones));
  }
  return recordings;
}

/** "Run it again" for a lost temporary table: what made and filled it is sent again, as what acts on the connection is. */
function withTemporaryTables(entries: readonly JournalEntry[], verdicts: Unfinished["verdicts"]): readonly JournalEntry[] {
  const again = entries.filter((entry) => entry.kind === "temporary" && verdicts.get(keyOf(entry))?.answer === "again");
  if (again.length === 0) return entries;
  const names = again.flatMap(({ statement }) => namesOf(statement ?? ""));
  return entries.map((entry) => (names.some((name) => fills(entry, name)) ? { ...entry, kind: "session" } : entry));
}

function namesOf(statement: string): readonly string[] {
  const classified = classifyStatement(statement, "mysql");
  return classified.kind === "temporary" ? classified.names : [];
}

function fills({ kind, statement }: JournalEntry, name: string): boolean {
  if (kind === "temporary") return true;
  const target = /^\s*(?:insert|replace|update|delete)\s+(?:low_priority\s+|ignore\s+|into\s+|from\s+)*[`"]?([\w$]+)/i.exec(
    statement ?? "",
  )?.[1];
  return kind === "write" && target?.toLowerCase() === name.toLowerCase();
}

export function keyOf({ runId, sequence }: Pick<JournalEntry, "runId" | "sequence">): string {
  return entryKey(runId, sequence);
}
