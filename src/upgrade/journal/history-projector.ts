import type { JournalEntry } from "../../store/journal.js";
import { type HistoryRow, upsertHistory } from "../../store/history.js";
import type { Store } from "../../store/store.js";
import { whileBusy } from "../../store/tables.js";

/** How far the history may lag behind the journal, ms. */
const LAG_MS = 250;

/**
 * Keeps the history in step with the journal, which is the truth: many migrations in one write. On MySQL by itself and with a
 * short lag; on SQLite, where a migration's transaction keeps all others out, when `flush` is called.
 */
export class HistoryProjector {
  readonly #waiting = new Map<string, HistoryRow>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly runId: string,
    /** The lease's. */
    private readonly token: number,
  ) {}

  started(name: string, version: string, sha256: string): void {
    const startedAt = this.store.clock.timestamp();
    this.#add({ name, version, sha256, runId: this.runId, startedAt, finishedAt: null, durationMs: null, statements: null });
  }

  finished(entries: readonly JournalEntry[]): void {
    for (const { migration, answer, runId } of entries)
      this.#add({ ...(JSON.parse(String(answer)) as FinishAnswer), name: String(migration), runId });
  }

  /** Rejects when the history can't be written; what was to be written stays for the next time. */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await (this.#writing = this.#writing.then(
      () => this.#write(),
      () => this.#write(),
    ));
  }

  /** What is waiting is told by the journal when the run goes on. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #add(row: HistoryRow): void {
    this.#waiting.set(row.name, row);
    // Its failure shows at the flush that every run ends with, and until then in the next attempt.
    if (this.store.dialect === "mysql") this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), LAG_MS);
  }

  async #write(): Promise<void> {
    const rows = [...this.#waiting.values()];
    if (rows.length === 0) return;
    await whileBusy(() => upsertHistory(this.store.knex, this.store.dialect, this.token, rows));
    for (const row of rows) if (this.#waiting.get(row.name) === row) this.#waiting.delete(row.name);
  }
}

export type FinishAnswer = Omit<HistoryRow, "name" | "runId">;
