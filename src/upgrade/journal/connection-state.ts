import type { JournalEntry } from "../../store/journal.js";
import type { NewEntry } from "./journal-log.js";
import { Turns } from "./turns.js";

/**
 * `none`: each statement commits by itself. `migration`: in the transaction that the migration was given, whose end upgate
 * decides. `own`: in one that the migration has opened.
 */
export type Scope = "none" | "migration" | "own";

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
