import type { Logger } from "../core/ports.js";
import { readRunLog, type RunLogLine, writeRunLog } from "../store/run-log.js";
import type { Store } from "../store/store.js";

const MOST_LINES = 100;
const LONGEST_LINE = 500;
/** What pages look at once a second. */
const WRITE_EVERY_MS = 500;

/**
 * Keeps what the migrations of a run log, for the progress page: beside the journal, because a line is not to wait for a migration's
 * commit. On SQLite nobody else can write before that; there the lines come when the migration is over.
 */
export class RunLog {
  #lines: RunLogLine[] | null = null;
  readonly #waiting: RunLogLine[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | null = null;

  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
    private readonly runId: string,
  ) {}

  /** The vendor's logger, and this log beside it. */
  of(migration: string): Logger {
    const add =
      (level: RunLogLine["level"]) =>
      (message: string, ...details: unknown[]): void => {
        this.logger[level](message, ...details);
        const text = String(message).slice(0, LONGEST_LINE);
        this.#waiting.push({ at: this.store.clock.timestamp(), level, migration, text });
        // Who logs each of a million rows must not fill the memory.
        if (this.#waiting.length > MOST_LINES) this.#waiting.shift();
        if (this.store.dialect !== "sqlite") this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY_MS).unref();
      };
    return { info: add("info"), warn: add("warn"), error: add("error") };
  }

  /** Writes what waits. Never rejects: a line that can't be written now comes with a later one. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    if (this.#waiting.length === 0) return;
    this.#writing = this.#write().catch(() => undefined);
    await this.#writing;
    this.#writing = null;
  }

  async #write(): Promise<void> {
    const { knex } = this.store;
    this.#lines ??= await readRunLog(knex, this.runId);
    const count = this.#waiting.length;
    const lines = [...this.#lines, ...this.#waiting].slice(-MOST_LINES);
    await writeRunLog(knex, this.runId, lines);
    this.#lines = lines;
    this.#waiting.splice(0, count);
  }
}
