import { passWait } from "./statement-definition.js";
import { isName, isWord, type Tokens } from "./statement-tokens.js";

/** What a clause of an ALTER TABLE does to the table's columns, rows and name. */
export type AlterClause =
  | { readonly kind: "drop-column"; readonly column: string }
  /** Of rows: a partition is dropped or emptied, a tablespace discarded. */
  | { readonly kind: "drop-partition" }
  /** MODIFY, CHANGE; `to` is `from` where the name stays. `type` as written, with one space between words. */
  | { readonly kind: "change-column"; readonly from: string; readonly to: string; readonly type: string }
  | { readonly kind: "rename-column"; readonly from: string; readonly to: string }
  | { readonly kind: "rename-table"; readonly to: string };

export interface AlterTable {
  /** `table` or `database.table`. */
  readonly table: string;
  /** In the statement's order; those that do none of this are left out. */
  readonly clauses: readonly AlterClause[];
}

/** What DROP removes that is no column. */
const NO_COLUMNS = new Set(["INDEX", "KEY", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK"]);

/** An ALTER TABLE, after the word ALTER; null for other ALTERs. `sql` is the text that the tokens are of. */
export function readAlterTable(tokens: Tokens, sql: string): AlterTable | null {
  while (tokens.take("ONLINE") || tokens.take("OFFLINE") || tokens.take("IGNORE"));
  if (!tokens.take("TABLE")) return null;
  tokens.take("IF", "EXISTS");
  const table = tokens.name();
  if (!table) return null;
  passWait(tokens);
  const clauses: AlterClause[] = [];
  do {
    const clause = readClause(tokens, sql);
    if (clause) clauses.push(clause);
  } while (passClause(tokens));
  return { table: table.join("."), clauses };
}

/** Up to the next clause; false at the end. */
function passClause(tokens: Tokens): boolean {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (isWord(token, ",")) return true;
  }
  return false;
}

function readClause(tokens: Tokens, sql: string): AlterClause | null {
  if (tokens.take("DROP")) return readDrop(tokens);
  if (tokens.take("TRUNCATE", "PARTITION") || tokens.take("DISCARD")) return { kind: "drop-partition" };
  if (tokens.take("MODIFY")) return readChange(tokens, sql, false);
  if (tokens.take("CHANGE")) return readChange(tokens, sql, true);
  return tokens.take("RENAME") ? readRename(tokens) : null;
}

function readDrop(tokens: Tokens): AlterClause | null {
  if (tokens.take("PARTITION")) return { kind: "drop-partition" };
  if (tokens.take("PERIOD", "FOR") || tokens.take("SYSTEM", "VERSIONING")) return null;
  const next = tokens.peek();
  if (next?.kind === "word" && NO_COLUMNS.has(next.text.toUpperCase())) return null;
  const column = columnName(tokens);
  return column === null ? null : { kind: "drop-column", column };
}

function readChange(tokens: Tokens, sql: string, renames: boolean): AlterClause | null {
  const from = columnName(tokens);
  const to = renames ? (tokens.next()?.text ?? null) : from;
  return from === null || to === null ? null : { kind: "change-column", from, to, type: typeText(tokens, sql) };
}

function readRename(tokens: Tokens): AlterClause | null {
  if (tokens.take("INDEX") || tokens.take("KEY")) return null;
  if (isTableRename(tokens)) {
    const to = tokens.name();
    return to && { kind: "rename-table", to: to.join(".") };
  }
  const from = columnName(tokens);
  const to = tokens.take("TO") ? tokens.next() : null;
  if (to !== null && from !== null) return { kind: "rename-column", from, to: to.text };
  // MySQL: RENAME new_name.
  return from === null ? null : { kind: "rename-table", to: from };
}

function isTableRename(tokens: Tokens): boolean {
  return tokens.take("TO") || tokens.take("AS") || tokens.take("=");
}

function columnName(tokens: Tokens): string | null {
  tokens.take("COLUMN");
  tokens.take("IF", "EXISTS");
  const next = tokens.next();
  return next && isName(next) ? next.text : null;
}

const SECOND_WORDS = ["VARYING", "PRECISION", "VARCHAR", "VARBINARY", "CHAR", "CHARACTER"];
const SIGNS = ["UNSIGNED", "SIGNED", "ZEROFILL"];

/** `decimal(10, 2) unsigned`: what says how much the column holds. */
function typeText(tokens: Tokens, sql: string): string {
  const first = tokens.next();
  if (!first) return "";
  while (SECOND_WORDS.some((word) => tokens.take(word)));
  if (tokens.take("(")) tokens.passBrackets();
  while (SIGNS.some((word) => tokens.take(word)));
  return sql.slice(first.start, tokens.position).replace(/\s+/g, " ").trim();
}
