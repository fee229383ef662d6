import { ROWS_READ, SCHEMA_READ, SESSION, type SqlDialect, type Statement, undecidable, WRITE } from "./statement-kinds.js";
import { isWord, type Token, Tokens } from "./statement-tokens.js";

/** Words without which a SELECT is no more than that; most have none, so that their text is gone through once by a plain search. */
const REMARKABLE = {
  mysql: /information_schema|\bfor\b|\block\b|\binto\b|nextval|setval|_lock|:=/i,
  sqlite: /sqlite_(?:temp_)?(?:master|schema)|pragma_/i,
};

const SQLITE_SCHEMA = /^(?:sqlite_(?:temp_)?(?:master|schema)|pragma_\w+)$/i;
const SESSION_LOCKS = /^(?:get_lock|release_lock|release_all_locks)$/i;
const SEQUENCE_FUNCTIONS = /^(?:nextval|setval)$/i;

/** A SELECT, VALUES or TABLE, also below WITH and in brackets. */
export function classifyReading(sql: string, dialect: SqlDialect): Statement {
  if (!REMARKABLE[dialect].test(sql)) return ROWS_READ;
  return dialect === "sqlite" ? sqliteReading(sql) : mysqlReading(sql);
}

function sqliteReading(sql: string): Statement {
  const tokens = new Tokens(sql, "sqlite");
  for (let token = tokens.next(); token; token = tokens.next())
    if (token.kind !== "text" && SQLITE_SCHEMA.test(token.text)) return SCHEMA_READ;
  return ROWS_READ;
}

function mysqlReading(sql: string): Statement {
  const tokens = new Tokens(sql, "mysql");
  let schema = false;
  let locking = false;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.kind === "text") continue;
    const effect = effectOf(token, tokens);
    if (effect) return effect;
    if (token.text.toLowerCase() === "information_schema") schema = true;
    if (isWord(token, "FOR") && (isWord(tokens.peek(), "UPDATE") || isWord(tokens.peek(), "SHARE"))) locking = true;
    if (isWord(token, "LOCK") && tokens.take("IN", "SHARE")) locking = true;
  }
  return { kind: "read", schema, locking };
}

/** What makes a SELECT more than a read. */
function effectOf(token: Token, tokens: Tokens): Statement | null {
  if (isWord(token, "INTO")) {
    const target = tokens.peek();
    if (isWord(target, "OUTFILE") || isWord(target, "DUMPFILE"))
      return undecidable("A SELECT … INTO OUTFILE writes a file on the database server, which can't be looked at from here.");
    return SESSION;
  }
  if (isWord(token, ":") && isWord(tokens.peek(), "=")) return SESSION;
  if (isWord(token, "NEXT") && tokens.take("VALUE", "FOR")) return WRITE;
  if (token.kind !== "word" || !isWord(tokens.peek(), "(")) return null;
  if (SESSION_LOCKS.test(token.text)) return SESSION;
  return SEQUENCE_FUNCTIONS.test(token.text) ? WRITE : null;
}

const VERBS = new Set(["SELECT", "VALUES", "TABLE", "INSERT", "REPLACE", "UPDATE", "DELETE"]);

/** The statement's verb after WITH and its queries, upper case; null where none was found. */
export function verbAfterWith(tokens: Tokens): string | null {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (token.kind === "word" && VERBS.has(token.text.toUpperCase())) return token.text.toUpperCase();
  }
  return null;
}
