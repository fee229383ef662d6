import type { JournalEntry } from "../../store/journal.js";
import type { NewEntry } from "./journal-log.js";
import { Turns } from "./turns.js";

/**
 * `none`: each statement commits by itself. `migration`: in the transaction that the migration was given, whose end upgate
 * decides. `own`: in one that the migration has opened.
 */
export type Scope = "none" | "migration" | "own";

/** A table that is being made from nothing, and the statements that go on making it. */
export interface Foundation {
  readonly statements: ReadonlySet<string>;
  /** The journal's next number while nothing else has been written. */
  readonly next: number;
}

/** What is going on on one connection. */
export class ConnectionState {
  readonly turns = new Turns();
  /** Live savepoints; a DDL statement ends them all. */
  readonly savepoints = new Set<string>();
  scope: Scope = "none";
  /** Whether the server has a transaction open. It is opened by the first statement that needs it. */
  open = false;
  /** Entries that will be committed with the open transaction. */
  rows: NewEntry[] = [];
  /** What knex sends one after the other just now. */
  announced: readonly string[] = [];
  /** The part of it that needs no intent of its own; see `foundationOf`. */
  covered: Foundation | null = null;
  /** How many entries are in the open transaction already, and which of them end a migration. */
  spilled = 0;
  milestones: JournalEntry[] = [];

  constructor(readonly connection: object) {}

  /** Whether a commit has something to write, or to end. */
  get holdsEntries(): boolean {
    return this.open || this.rows.length > 0;
  }

  closed(): void {
    this.open = false;
    this.rows = [];
    this.spilled = 0;
    this.milestones = [];
    this.savepoints.clear();
  }
}
