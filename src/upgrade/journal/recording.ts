import type { JournalEntry, JournalKind } from "../../store/journal.js";
import { decodeAnswer, type Outcome, PLAIN_OK, unpack } from "./answers.js";

/** A statement of an earlier attempt, and what came of it. */
export interface RecordedStatement {
  readonly entry: JournalEntry;
  /** Null: a read whose answer was not kept; it is sent again. */
  readonly outcome: Outcome | null;
}

export interface RecordedStep {
  readonly name: string;
  readonly value: unknown;
}

/** An answer as the column holds it. */
export interface ReadDigest {
  readonly columns: readonly string[];
  readonly digest: string;
}

/** What a statement without a recorded answer came to: the server's plain OK. */
const DONE: Outcome = { kind: "answered", response: PLAIN_OK };

const STATEMENTS: ReadonlySet<JournalKind> = new Set([
  "read",
  "schema",
  "write",
  "definition",
  "repeatable",
  "undecidable",
  "session",
  "temporary",
]);

/** Those that may be left out or come in another order without harm. */
const HARMLESS: ReadonlySet<JournalKind> = new Set(["read", "schema", "session"]);

/** What the journal holds of one unfinished migration: its second run is answered from here. */
export class Recording {
  /** By the hash of the text, then by that of the values. */
  readonly #unused = new Map<string, Map<string, RecordedStatement[]>>();
  readonly #steps = new Map<string, unknown>();
  readonly #backfills = new Map<string, string>();
  #effects = 0;

  /** `entries`: of this migration, in order, without those that count no more. `dones`: every `done`, by `entryKey` of its intent. */
  constructor(entries: readonly JournalEntry[] = [], dones: ReadonlyMap<string, JournalEntry> = new Map()) {
    for (const entry of entries) {
      const answer = (entry.intentAt === null ? entry : dones.get(entryKey(entry.runId, entry.sequence)))?.answer ?? null;
      if (entry.kind === "step" && answer !== null) this.#steps.set(String(entry.statement), decodeAnswer(answer));
      else if (entry.kind === "backfill" && answer !== null) this.#backfills.set(String(entry.statement), answer);
      else if (STATEMENTS.has(entry.kind)) this.#add({ entry, outcome: outcomeOf(entry, answer) });
    }
  }

  #add(statement: RecordedStatement): void {
    const { statementHash, bindingsHash } = statement.entry;
    const byValues = this.#unused.get(String(statementHash)) ?? new Map<string, RecordedStatement[]>();
    this.#unused.set(String(statementHash), byValues);
    const same = byValues.get(String(bindingsHash));
    if (same) same.push(statement);
    else byValues.set(String(bindingsHash), [statement]);
    if (isEffect(statement)) this.#effects++;
  }

  /**
   * The first one with this text and these values that was not asked for yet: not by its place, because statements sent at once
   * may change places.
   */
  take(statementHash: string, bindingsHash: string | null): RecordedStatement | null {
    const byValues = this.#unused.get(statementHash);
    const same = byValues?.get(String(bindingsHash));
    const statement = same?.shift() ?? null;
    if (same?.length === 0) byValues?.delete(String(bindingsHash));
    if (byValues?.size === 0) this.#unused.delete(statementHash);
    if (statement && isEffect(statement)) this.#effects--;
    return statement;
  }

  /** Whether this text is left, with whatever values. */
  has(statementHash: string): boolean {
    return this.#unused.has(statementHash);
  }

  /** True while something that changed the database has not been asked for again. */
  get isAhead(): boolean {
    return this.#effects > 0;
  }

  /** The first effect that was not asked for; null when there is none. */
  get missing(): JournalEntry | null {
    const left = [...this.#unused.values()].flatMap((byValues) => [...byValues.values()].flat()).filter(isEffect);
    return left.toSorted((a, b) => a.entry.sequence - b.entry.sequence)[0]?.entry ?? null;
  }

  step(name: string): RecordedStep | null {
    return this.#steps.has(name) ? { name, value: this.#steps.get(name) } : null;
  }

  /** As its last batch wrote it, JSON; null when it had not begun. */
  backfill(name: string): string | null {
    return this.#backfills.get(name) ?? null;
  }
}

export function entryKey(runId: string, sequence: number): string {
  return `${runId}:${sequence}`;
}

function outcomeOf({ kind, intentAt }: JournalEntry, answer: string | null): Outcome | null {
  if (answer !== null) return "digest" in (JSON.parse(answer) as object) ? null : (decodeAnswer(unpack(answer)) as Outcome);
  return kind === "read" && intentAt === null ? null : DONE;
}

function isEffect({ entry, outcome }: RecordedStatement): boolean {
  return !HARMLESS.has(entry.kind) && outcome?.kind !== "refused";
}

/** The digest kept in an answer's place; null where the answer itself was kept, or nothing. */
export function digestOf({ answer }: JournalEntry): ReadDigest | null {
  if (answer === null) return null;
  const value = JSON.parse(answer) as Partial<ReadDigest>;
  return value.digest === undefined ? null : (value as ReadDigest);
}
