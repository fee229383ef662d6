import { classifyAlter } from "./statement-alter.js";
import { classifyCreate, classifyDrop, classifyRename, classifyTruncate } from "./statement-definition.js";
import {
  MOVING_SESSION,
  refused,
  REPEATABLE,
  ROWS_READ,
  SCHEMA_READ,
  SESSION,
  type Statement,
  undecidable,
  WRITE,
} from "./statement-kinds.js";
import { classifyReading, verbAfterWith } from "./statement-reading.js";
import { classifySet } from "./statement-set.js";
import { classifyTransaction } from "./statement-transaction.js";
import { isWord, Tokens } from "./statement-tokens.js";

export function classifyMysql(sql: string): Statement {
  return classifyFrom(new Tokens(sql, "mysql"), sql);
}

function classifyFrom(tokens: Tokens, sql: string): Statement {
  let first = tokens.next();
  while (isWord(first, "(") || isWord(first, ";")) first = tokens.next();
  if (!first) return ROWS_READ;
  const verb = first.text.toUpperCase();
  switch (verb) {
    case "SELECT":
    case "VALUES":
    case "TABLE":
      return classifyReading(sql, "mysql");
    case "INSERT":
    case "REPLACE":
    case "UPDATE":
    case "DELETE":
      return WRITE;
    case "WITH": {
      const inner = verbAfterWith(tokens);
      if (inner === null) return undecidable("The statement after WITH was not found.");
      return inner === "SELECT" || inner === "VALUES" || inner === "TABLE" ? classifyReading(sql, "mysql") : WRITE;
    }
    case "SET":
      return tokens.take("STATEMENT") ? afterSetStatement(tokens, sql) : classifySet(tokens);
    default:
      return classifyDefinition(verb, tokens, sql) ?? classifyAdministration(verb, tokens) ?? classifyTransaction(verb, tokens);
  }
}

/** MariaDB: SET STATEMENT variable = value, … FOR statement. */
function afterSetStatement(tokens: Tokens, sql: string): Statement {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (isWord(token, "FOR")) return classifyFrom(tokens, sql.slice(tokens.position));
  }
  return undecidable("The statement after SET STATEMENT was not found.");
}

function classifyDefinition(verb: string, tokens: Tokens, sql: string): Statement | null {
  switch (verb) {
    case "CREATE":
      return classifyCreate(tokens, sql);
    case "ALTER":
      return classifyAlter(tokens);
    case "DROP":
      return classifyDrop(tokens);
    case "RENAME":
      return classifyRename(tokens);
    case "TRUNCATE":
      return classifyTruncate(tokens);
    default:
      return null;
  }
}

const CHANGES_BY_RUNNING = ["UPDATE", "DELETE", "INSERT", "REPLACE"];

function classifyAdministration(verb: string, tokens: Tokens): Statement | null {
  switch (verb) {
    case "SHOW":
    case "HELP":
    case "CHECKSUM":
      return SCHEMA_READ;
    case "DESCRIBE":
    case "DESC":
    case "EXPLAIN":
      return tokens.take("ANALYZE") && runsChange(tokens) ? WRITE : SCHEMA_READ;
    case "ANALYZE":
      return classifyAnalyze(tokens);
    case "OPTIMIZE":
    case "CHECK":
    case "REPAIR":
    case "GRANT":
    case "CACHE":
      return REPEATABLE;
    case "REVOKE":
      return tokens.take("IF", "EXISTS")
        ? REPEATABLE
        : undecidable("A REVOKE that was carried out already fails, and whether it was is not compared.");
    case "FLUSH":
      return classifyFlush(tokens);
    case "LOAD":
      return tokens.take("INDEX") ? REPEATABLE : WRITE;
    case "USE":
      return MOVING_SESSION;
    // What is prepared lives on the connection; only EXECUTE does something to the database.
    case "PREPARE":
    case "DEALLOCATE":
    case "GET":
      return SESSION;
    case "LOCK":
    case "UNLOCK":
      return refused(`${verb} TABLES on the migration's connection would shut out the journal.`);
    case "BACKUP":
      return refused("BACKUP holds locks on the migration's connection, which would shut out the journal.");
    case "XA":
      return refused("A distributed transaction can't be joined with the journal's own.");
    default:
      return null;
  }
}

/** `ANALYZE TABLE` against MariaDB's `ANALYZE SELECT …`, which runs the statement. */
function classifyAnalyze(tokens: Tokens): Statement {
  if (isWord(tokens.peek(), "TABLE") || isWord(tokens.peek(), "TABLES")) return REPEATABLE;
  if (tokens.take("LOCAL") || tokens.take("NO_WRITE_TO_BINLOG")) return REPEATABLE;
  return runsChange(tokens) ? WRITE : SCHEMA_READ;
}

function runsChange(tokens: Tokens): boolean {
  if (tokens.take("FORMAT", "=")) tokens.next();
  const verb = tokens.take("WITH") ? verbAfterWith(tokens) : tokens.peek()?.text.toUpperCase();
  return CHANGES_BY_RUNNING.includes(verb ?? "");
}

function classifyFlush(tokens: Tokens): Statement {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if ((isWord(token, "WITH") && tokens.take("READ", "LOCK")) || (isWord(token, "FOR") && tokens.take("EXPORT")))
      return refused("FLUSH TABLES with a lock on the migration's connection would shut out the journal.");
  }
  return REPEATABLE;
}
