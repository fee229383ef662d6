import { refused, ROWS_READ, SCHEMA_READ, SESSION, type Statement, undecidable, WRITE } from "./statement-kinds.js";
import { classifyReading, verbAfterWith } from "./statement-reading.js";
import { isWord, Tokens } from "./statement-tokens.js";

const READING_PRAGMAS = new Set(
  (
    "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list foreign_key_check database_list " +
    "integrity_check quick_check collation_list compile_options function_list module_list pragma_list"
  ).split(" "),
);
/** Kept in the file's header, hence part of the transaction. */
const STORED_PRAGMAS = new Set(["user_version", "application_id", "schema_version"]);

export function classifySqlite(sql: string): Statement {
  const tokens = new Tokens(sql, "sqlite");
  let first = tokens.next();
  while (isWord(first, "(")) first = tokens.next();
  if (!first) return ROWS_READ;
  const verb = first.text.toUpperCase();
  if (hasSecondStatement(sql))
    return refused("SQLite's drivers carry out only the first of two statements in one text; send them one by one.");
  return classifyVerb(verb, tokens, sql);
}

function classifyVerb(verb: string, tokens: Tokens, sql: string): Statement {
  switch (verb) {
    case "SELECT":
    case "VALUES":
      return classifyReading(sql, "sqlite");
    case "WITH": {
      const inner = verbAfterWith(tokens);
      if (inner === null) return undecidable("The statement after WITH was not found.");
      return classifyVerb(inner, tokens, sql);
    }
    case "EXPLAIN":
      return SCHEMA_READ;
    case "INSERT":
    case "UPDATE":
      return tokens.take("OR", "ROLLBACK") ? rollbackRefused(`${verb} OR ROLLBACK`) : WRITE;
    case "CREATE":
    case "ALTER":
      return hasRollbackOnConflict(sql) ? rollbackRefused("ON CONFLICT ROLLBACK") : WRITE;
    case "REPLACE":
    case "DELETE":
    case "DROP":
    case "REINDEX":
    case "ANALYZE":
      return WRITE;
    case "PRAGMA":
      return classifyPragma(tokens);
    case "ATTACH":
    case "DETACH":
      return { kind: "session", moves: true };
    case "VACUUM":
      return SESSION;
    default:
      return classifyTransaction(verb, tokens);
  }
}

function classifyTransaction(verb: string, tokens: Tokens): Statement {
  switch (verb) {
    case "BEGIN":
      return { kind: "begin" };
    case "COMMIT":
    case "END":
      return { kind: "commit", chain: false };
    case "ROLLBACK":
      tokens.take("TRANSACTION");
      if (!tokens.take("TO")) return { kind: "rollback", chain: false };
      tokens.take("SAVEPOINT");
      return { kind: "rollback-to", name: savepointName(tokens) };
    case "SAVEPOINT":
      return { kind: "savepoint", name: savepointName(tokens) };
    case "RELEASE":
      tokens.take("SAVEPOINT");
      return { kind: "release", name: savepointName(tokens) };
    default:
      return undecidable("The statement is of a kind that upgate does not know.");
  }
}

function savepointName(tokens: Tokens): string {
  return tokens.next()?.text.toLowerCase() ?? "";
}

function classifyPragma(tokens: Tokens): Statement {
  const path = tokens.name();
  const name = path?.at(-1)?.toLowerCase() ?? "";
  if (READING_PRAGMAS.has(name)) return SCHEMA_READ;
  const sets = !tokens.atEnd();
  if (STORED_PRAGMAS.has(name)) return sets ? WRITE : SCHEMA_READ;
  return sets || /^(?:optimize|wal_checkpoint|incremental_vacuum|shrink_memory)$/.test(name) ? SESSION : SCHEMA_READ;
}

function rollbackRefused(what: string): Statement {
  return refused(`${what} would end the migration's transaction in the middle.`);
}

function hasRollbackOnConflict(sql: string): boolean {
  if (!/rollback/i.test(sql)) return false;
  const tokens = new Tokens(sql, "sqlite");
  for (let token = tokens.next(); token; token = tokens.next()) if (isWord(token, "ON") && tokens.take("CONFLICT", "ROLLBACK")) return true;
  return false;
}

function hasSecondStatement(sql: string): boolean {
  if (!sql.includes(";")) return false;
  const tokens = new Tokens(sql, "sqlite");
  return startsTrigger(tokens) ? followsTrigger(tokens) : followsSemicolon(sql);
}

const STOP = /['"`[;]|--|\/\*/g;
const CLOSES: Readonly<Record<string, string>> = { "'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/" };

/** Jumps from quote to quote, as such a text may be rows by the megabyte. A doubled quote ends one and begins the next. */
function followsSemicolon(sql: string): boolean {
  STOP.lastIndex = 0;
  for (let stop = STOP.exec(sql); stop; stop = STOP.exec(sql)) {
    const close = CLOSES[stop[0]];
    if (close === undefined) return !new Tokens(sql.slice(STOP.lastIndex), "sqlite").atEnd();
    const end = sql.indexOf(close, STOP.lastIndex);
    if (end < 0) return false;
    STOP.lastIndex = end + close.length;
  }
  return false;
}

/** A trigger's body holds semicolons: its end is the END after one of them, as in SQLite's own sqlite3_complete(). */
function followsTrigger(tokens: Tokens): boolean {
  let closed = false;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (!isWord(token, ";")) continue;
    if (closed) return !tokens.atEnd();
    closed = tokens.take("END");
  }
  return false;
}

function startsTrigger(tokens: Tokens): boolean {
  if (!tokens.take("CREATE")) return false;
  return tokens.take("TRIGGER") || tokens.take("TEMP", "TRIGGER") || tokens.take("TEMPORARY", "TRIGGER");
}
