/** Where others may step in; an error thrown there fails the run as a migration's own would. */
export interface RunHooks {
  /** Awaited between two migrations: the one before is recorded, this one has left no trace. `name`: as in the history. */
  beforeMigration?(name: string): Promise<void>;
  /** Why a statement must not be sent; null: it may. Asked before each, with its text. */
  refuse?(sql: string): string | null;
  /** Awaited at every moment at which a process may die with another outcome; the crash suite kills there. */
  atPoint?(moment: RunMoment): Promise<void> | void;
}

/**
 * `before-intent`: about to be journaled. `after-intent`: the intent is durable, the statement not sent. `sent`: on its way, not
 * answered. `after-statement`: answered, not recorded as done. `before-commit`: the journal's rows are written, not committed.
 * `after-commit`: they are. A statement that commits with its row has no intent.
 */
export type RunPoint = "before-intent" | "after-intent" | "sent" | "after-statement" | "before-commit" | "after-commit";

export interface RunMoment {
  readonly point: RunPoint;
  readonly migration: string | null;
  /** The statement's text; empty at a commit. */
  readonly statement: string;
}
