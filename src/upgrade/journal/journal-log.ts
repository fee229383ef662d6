import { insertEntriesSql, type JournalEntry, type SqlText } from "../../store/journal.js";

/** An entry before it has its place in the journal. */
export type NewEntry = Partial<Omit<JournalEntry, "runId" | "sequence" | "token">> & Pick<JournalEntry, "kind" | "migration">;

const MOST_ROWS = 200;
const MOST_CHARACTERS = 256 * 1024;

/**
 * Gives entries their numbers. A number is used up only when its entry is committed, so that the numbers stay contiguous:
 * whoever writes with an old picture of the journal takes a number that is taken, and is refused by the primary key.
 */
export class JournalLog {
  #last: number;

  constructor(
    readonly runId: string,
    readonly token: number,
    last: number,
  ) {
    this.#last = last;
  }

  /** The number that the next entry will have. */
  get next(): number {
    return this.#last + 1;
  }

  /** `after`: so many uncommitted ones come before them. */
  number(entries: readonly NewEntry[], after = 0): JournalEntry[] {
    const first = this.next + after;
    return entries.map((entry, index) => ({
      runId: this.runId,
      sequence: first + index,
      kind: entry.kind,
      migration: entry.migration,
      token: this.token,
      of: entry.of ?? null,
      statementHash: entry.statementHash ?? null,
      statement: entry.statement ?? null,
      bindingsHash: entry.bindingsHash ?? null,
      intentAt: entry.intentAt ?? null,
      preState: entry.preState ?? null,
      answer: entry.answer ?? null,
      doneAt: entry.doneAt ?? null,
    }));
  }

  /** To be called when they are committed, and only then. */
  committed(count: number): void {
    this.#last += count;
  }
}

/** As few statements as the servers' limits on packets and variables allow. */
export function insertStatements(entries: readonly JournalEntry[]): SqlText[] {
  const chunks: JournalEntry[][] = [];
  let characters = 0;
  for (const entry of entries) {
    const size = (entry.statement?.length ?? 0) + (entry.answer?.length ?? 0) + (entry.preState?.length ?? 0);
    const last = chunks.at(-1);
    if (last && last.length < MOST_ROWS && characters + size < MOST_CHARACTERS) last.push(entry);
    else chunks.push([entry]);
    characters = last === chunks.at(-1) ? characters + size : size;
  }
  return chunks.map(insertEntriesSql);
}
