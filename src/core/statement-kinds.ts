export type SqlDialect = "mysql" | "sqlite";

export interface DefinitionTarget {
  readonly type: "table" | "view" | "trigger" | "procedure" | "function" | "event" | "sequence";
  /** Unquoted: `table` or `database.table`. */
  readonly name: string;
  /** The same in its parts, database first, because a name may hold a dot itself. */
  readonly path: readonly [string] | readonly [string, string];
}

/** MySQL's DDL: it commits by itself, and whether it was carried out shows when the definitions of its targets are compared. */
export interface Definition {
  readonly kind: "definition";
  /** What to read before, and to compare with afterwards. */
  readonly targets: readonly DefinitionTarget[];
  /** Tables, views and sequences that are there afterwards and were not before; a renamed one by its new name. */
  readonly creates: readonly string[];
  /** Tables, views and sequences that are gone afterwards; a renamed one by its old name. */
  readonly drops: readonly string[];
  /** In the statement's order. */
  readonly renames: readonly (readonly [from: string, to: string])[];
  /** The engine named for the target, lower case; null: none named, so the server's default, or not a table. */
  readonly engine: string | null;
  /** Sending it again does no harm, whatever the comparison says: IF EXISTS, IF NOT EXISTS, OR REPLACE, TRUNCATE. */
  readonly repeatable: boolean;
  /** `creates`, `drops` and `engine` tell all: false for LIKE (the engine is the model's), for partitions that become tables, for names with a dot. */
  readonly complete: boolean;
}

export type Statement =
  | {
      readonly kind: "read";
      /** Of the structure: information_schema, SHOW, DESCRIBE, EXPLAIN, sqlite_master, PRAGMA table_info … */
      readonly schema: boolean;
      /** FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE. */
      readonly locking: boolean;
    }
  /** Changes rows, within a transaction if one is open. On SQLite the structure, too. */
  | { readonly kind: "write" }
  | Definition
  /** MySQL commits before it; running it twice does no harm. */
  | {
      readonly kind: "repeatable";
      /** As with `session`. */
      readonly moves: boolean;
    }
  /** It can't be told afterwards whether it was carried out. `why`: one sentence for an operator. */
  | { readonly kind: "undecidable"; readonly why: string }
  /** MySQL's temporary tables: bound to the connection, and not committed by. */
  | { readonly kind: "temporary"; readonly action: "create" | "drop"; readonly names: readonly string[] }
  /** Acts on the connection: sent again on a replay. */
  | {
      readonly kind: "session";
      /** Afterwards unqualified names or the default engine may mean others: a catalogue of tables must be read again. */
      readonly moves: boolean;
    }
  | { readonly kind: "autocommit" }
  | { readonly kind: "begin" }
  | {
      readonly kind: "commit" | "rollback";
      /** AND CHAIN: the next transaction begins at once. */
      readonly chain: boolean;
    }
  /** `name`: unquoted, lower case, as the databases compare it. */
  | { readonly kind: "savepoint" | "release" | "rollback-to"; readonly name: string }
  /** It would break the journal's own transaction or connection. `why`: one sentence for the migration's author. */
  | { readonly kind: "refused"; readonly why: string };

export const WRITE: Statement = { kind: "write" };
export const REPEATABLE: Statement = { kind: "repeatable", moves: false };
export const SESSION: Statement = { kind: "session", moves: false };
export const MOVING_SESSION: Statement = { kind: "session", moves: true };
export const ROWS_READ: Statement = { kind: "read", schema: false, locking: false };
export const SCHEMA_READ: Statement = { kind: "read", schema: true, locking: false };

export function undecidable(why: string): Extract<Statement, { kind: "undecidable" }> {
  return { kind: "undecidable", why };
}

export function refused(why: string): Statement {
  return { kind: "refused", why };
}
