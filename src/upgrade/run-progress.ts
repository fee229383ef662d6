import type { BackupProgress } from "../core/backup.js";
import { deleteFact, readFact, setFact } from "../store/facts.js";
import { orAbsent } from "../store/driver-errors.js";
import type { Store } from "../store/store.js";

const FACT = "progress";
/** What pages and the command line look at once a second. */
const WRITE_EVERY_MS = 500;

export interface NotedProgress extends BackupProgress {
  readonly runId: string;
  readonly phase: "backup" | "rehearsal" | "restoring";
}

/** Tells how far a backup or a restore has come: the journal holds statements only. */
export class ProgressNote {
  #writtenMs = -Infinity;
  #writing: Promise<void> | null = null;

  private constructor(
    private readonly store: Store,
    private readonly runId: string,
    private readonly phase: NotedProgress["phase"],
  ) {}

  /** Lets `work` tell its progress, and forgets it at the end. */
  static async during<T>(
    store: Store,
    runId: string,
    phase: NotedProgress["phase"],
    work: (onProgress: (progress: BackupProgress) => void) => Promise<T>,
  ): Promise<T> {
    const note = new ProgressNote(store, runId, phase);
    try {
      return await work((progress) => note.#tell(progress));
    } finally {
      await note.#writing;
      // What is left of it belongs to a run that is over; nobody looks at it then.
      await deleteFact(store.knex, FACT).catch(() => undefined);
    }
  }

  #tell(progress: BackupProgress): void {
    const now = this.store.clock.nowMs();
    if (this.#writing !== null || now - this.#writtenMs < WRITE_EVERY_MS) return;
    this.#writtenMs = now;
    const text = JSON.stringify({ runId: this.runId, phase: this.phase, ...progress });
    // A figure that can't be written now is followed by a later one.
    this.#writing = setFact(this.store.knex, FACT, text).then(
      () => void (this.#writing = null),
      () => void (this.#writing = null),
    );
  }
}

/** Null: none was noted for that run. */
export async function readProgress({ knex }: Store, runId: string): Promise<NotedProgress | null> {
  const text = await orAbsent(() => readFact(knex, FACT), null);
  const noted = text === null ? null : (JSON.parse(text) as NotedProgress);
  return noted?.runId === runId ? noted : null;
}
