import { redactStatement } from "./statement-redaction.js";
import type { SqlDialect } from "./statement-kinds.js";
import { isWord, type Token, Tokens } from "./statement-tokens.js";

/** Their literals are the release's own: defaults, lists of an ENUM, comments. */
const DEFINITION = /^(?:create|alter|drop|rename|truncate)$/i;
const UPGATES_COMMENT = /^\s*\/\* upgate:[^*]*\*\/\s*/;

/**
 * A statement's text without what may come of rows or open a door: every text and number of a statement that reads or changes rows is `?`,
 * of one that defines something only where it holds credentials or selects rows. Without upgate's own comment; at most `longest` characters.
 */
export function withoutValues(sql: string, dialect: SqlDialect, longest = 2000): string {
  const text = sql.replace(UPGATES_COMMENT, "");
  const shown = holdsValues(text, dialect) ? masked(text, dialect) : redactStatement(text);
  const line = shown.trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

function holdsValues(sql: string, dialect: SqlDialect): boolean {
  const tokens = new Tokens(sql, dialect);
  const first = tokens.next();
  if (first === null || first.kind !== "word" || !DEFINITION.test(first.text)) return true;
  for (let token = tokens.next(); token; token = tokens.next()) if (isWord(token, "SELECT") || isWord(token, "VALUES")) return true;
  return false;
}

function masked(sql: string, dialect: SqlDialect): string {
  const tokens = new Tokens(sql, dialect);
  const parts: string[] = [];
  let end = 0;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (!isValue(token, dialect)) continue;
    parts.push(sql.slice(end, token.start), "?");
    end = token.end;
  }
  parts.push(sql.slice(end));
  return parts.join("").replaceAll(/\?(?:\s*\.\s*\?)+/g, "?");
}

/** MySQL reads double quotes as a text unless it is told otherwise, SQLite as a name. */
function isValue({ kind, text }: Token, dialect: SqlDialect): boolean {
  return kind === "text" || (kind === "double" && dialect === "mysql") || (kind === "word" && /^\d/.test(text));
}
