import { isWord, Tokens } from "./statement-tokens.js";
import type { SqlDialect } from "./statement-kinds.js";

/** What may stand between a statement's verb and the table that it changes. */
const BEFORE_NAME = new Set(
  "INTO FROM TABLE IF NOT EXISTS IGNORE LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK ONLINE TEMPORARY TEMP OR REPLACE ROLLBACK ABORT FAIL VIRTUAL".split(
    " ",
  ),
);
const VERBS = new Set(["INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "TRUNCATE"]);
const INDEX_WORDS = new Set(["UNIQUE", "FULLTEXT", "SPATIAL", "INDEX"]);

/**
 * The table that a statement changes, as far as its beginning tells: null for what changes none, and for what is no table. For people;
 * nothing is decided by it.
 */
export function changedTable(sql: string, dialect: SqlDialect): string | null {
  const tokens = new Tokens(sql, dialect);
  const verb = tokens.next()?.text.toUpperCase() ?? "";
  if (!VERBS.has(verb)) return null;
  let isIndex = false;
  for (let token = tokens.peek(); token; token = tokens.peek()) {
    const word = token.kind === "word" ? token.text.toUpperCase() : "";
    if (INDEX_WORDS.has(word)) isIndex = true;
    else if (!BEFORE_NAME.has(word)) break;
    tokens.next();
  }
  if (isIndex) return indexedTable(tokens);
  if ((verb === "CREATE" || verb === "DROP" || verb === "ALTER") && !/^\s*\w+\s+(?:\w+\s+){0,3}?table\b/i.test(sql)) return null;
  return tokens.name()?.join(".") ?? null;
}

/** Behind ON; SQLite's DROP INDEX names none. */
function indexedTable(tokens: Tokens): string | null {
  for (let token = tokens.next(); token; token = tokens.next()) if (isWord(token, "ON")) return tokens.name()?.join(".") ?? null;
  return null;
}
