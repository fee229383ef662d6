import { readAlterTable } from "./alter-clauses.js";
import { narrows } from "./column-narrowing.js";
import type { DefinitionType, Loss } from "./loss.js";
import type { SqlDialect } from "./statement-kinds.js";
import { verbAfterWith } from "./statement-reading.js";
import { readPath, readReferences } from "./statement-references.js";
import { isWord, type Token, Tokens } from "./statement-tokens.js";

/** Columns with something to lose, by name in lower case, each with its type where that is known. */
export type Columns = ReadonlyMap<string, string | null>;

/** Of a table as the statement names it. Empty: there is nothing in it to lose; null: nothing is known of it, so everything counts. */
export type ColumnsOf = (table: string) => Columns | null;

/**
 * What a statement takes away, in its order. `columnsOf` tells what there is to lose. Only what the text says is seen: not what triggers,
 * procedures and foreign keys do, and not which rows an UPDATE with a condition changes. Of several statements in one text the first.
 */
export function statementLosses(sql: string, dialect: SqlDialect, columnsOf: ColumnsOf = () => null): Loss[] {
  const tokens = new Tokens(sql, dialect);
  switch (firstVerb(tokens)) {
    case "DROP":
      return dropLosses(tokens, columnsOf);
    case "CREATE":
      return replacedTable(tokens, columnsOf);
    case "TRUNCATE":
      tokens.take("TABLE");
      return namesOf(tokens).flatMap((table) => (holds(columnsOf(table)) ? { kind: "truncate", table } : []));
    case "DELETE":
      return deleteLosses(tokens, columnsOf);
    case "UPDATE":
      return updateLosses(tokens, columnsOf);
    case "ALTER":
      return alterLosses(tokens, sql, columnsOf);
    default:
      return [];
  }
}

/** The statement's verb, upper case, also behind WITH and MariaDB's SET STATEMENT; the tokens stand behind it. */
export function firstVerb(tokens: Tokens): string {
  let first = tokens.next();
  while (isWord(first, "(") || isWord(first, ";")) first = tokens.next();
  if (isWord(first, "WITH")) return verbAfterWith(tokens) ?? "";
  if (isWord(first, "SET") && tokens.take("STATEMENT")) return passTo(tokens, "FOR") ? firstVerb(tokens) : "";
  return first?.kind === "word" ? first.text.toUpperCase() : "";
}

/** Behind the next such word outside brackets; false where there is none. */
function passTo(tokens: Tokens, ...words: readonly string[]): boolean {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (words.some((word) => isWord(token, word))) return true;
  }
  return false;
}

/** `a, b.c`. */
export function namesOf(tokens: Tokens): string[] {
  const names: string[] = [];
  do {
    const path = tokens.name();
    if (path) names.push(path.join("."));
  } while (tokens.take(","));
  return names;
}

function holds(columns: Columns | null): boolean {
  return columns === null || columns.size > 0;
}

const DEFINITIONS: Readonly<Record<string, DefinitionType>> = {
  VIEW: "view",
  TRIGGER: "trigger",
  PROCEDURE: "procedure",
  FUNCTION: "function",
  EVENT: "event",
  SEQUENCE: "sequence",
};

function dropLosses(tokens: Tokens, columnsOf: ColumnsOf): Loss[] {
  while (tokens.take("ONLINE") || tokens.take("OFFLINE"));
  const type = tokens.next()?.text.toUpperCase() ?? "";
  tokens.take("IF", "EXISTS");
  const definition = DEFINITIONS[type];
  if (definition) return namesOf(tokens).map((name) => ({ kind: "drop-definition", type: definition, name }));
  if (type === "DATABASE" || type === "SCHEMA") return namesOf(tokens).map((database) => ({ kind: "drop-database", database }));
  if (type !== "TABLE" && type !== "TABLES") return [];
  return namesOf(tokens).flatMap((table) => (holds(columnsOf(table)) ? { kind: "drop-table", table } : []));
}

/** MariaDB: CREATE OR REPLACE TABLE drops the one that is there. */
function replacedTable(tokens: Tokens, columnsOf: ColumnsOf): Loss[] {
  if (!tokens.take("OR", "REPLACE", "TABLE")) return [];
  const table = tokens.name()?.join(".");
  return table !== undefined && holds(columnsOf(table)) ? [{ kind: "drop-table", table }] : [];
}

const ROW_ENDS = ["WHERE", "ORDER", "LIMIT", "RETURNING"];

function deleteLosses(tokens: Tokens, columnsOf: ColumnsOf): Loss[] {
  while (["LOW_PRIORITY", "QUICK", "IGNORE", "HISTORY"].some((word) => tokens.take(word)));
  const isPlain = tokens.take("FROM");
  const targets = isPlain ? readReferences(tokens, [...ROW_ENDS, "USING"]) : readReferences(tokens, ["FROM"]);
  const isPlainFrom = isPlain && targets.end !== "USING";
  const from = isPlainFrom ? targets : readReferences(tokens, ROW_ENDS);
  const some = isRestricted(tokens, from.end) || from.names.length > 1;
  return targets.names
    .map((name) => from.tables.get(name.toLowerCase()) ?? name)
    .flatMap((table) => (isBookkeeping(table) || !holds(columnsOf(table)) ? [] : { kind: "delete-rows", table, every: !some }));
}

/** SQLite's own tables: the counters of AUTOINCREMENT, statistics. */
function isBookkeeping(table: string): boolean {
  return /^(?:main\.)?sqlite_/i.test(table);
}

/** `end`: the word that was read last. */
function isRestricted(tokens: Tokens, end: string | null): boolean {
  return end === "WHERE" || end === "LIMIT" || (end !== null && passTo(tokens, "WHERE", "LIMIT"));
}

function updateLosses(tokens: Tokens, columnsOf: ColumnsOf): Loss[] {
  while (["LOW_PRIORITY", "IGNORE"].some((word) => tokens.take(word)));
  if (tokens.take("OR")) tokens.next();
  const { tables, names, end } = readReferences(tokens, ["SET"]);
  if (end !== "SET" || names.length === 0) return [];
  const assigned = new Map<string, Set<string>>();
  const stop = readAssignments(tokens, (path) => {
    const table = path.length > 1 ? tables.get(path.slice(0, -1).join(".").toLowerCase()) : names[0];
    if (table === undefined) return;
    assigned.set(table, (assigned.get(table) ?? new Set()).add(path.at(-1) as string));
  });
  if (isRestricted(tokens, stop)) return [];
  return [...assigned].flatMap(([table, columns]) => {
    const before = columnsOf(table);
    const lost = [...columns].filter((column) => before === null || before.has(column.toLowerCase()));
    return lost.length === 0 || isBookkeeping(table) ? [] : { kind: "overwrite", table, columns: lost };
  });
}

const ASSIGNMENT_ENDS = [...ROW_ENDS, "FROM"];

/** Tells each column that is set; returns the word that ended them, null at the end of the statement. */
function readAssignments(tokens: Tokens, tell: (path: readonly string[]) => void): string | null {
  do {
    const paths = tokens.take("(") ? readPaths(tokens) : [readPath(tokens)];
    for (const path of paths) if (path.length > 0) tell(path);
    for (let token = tokens.peek(); token && !isWord(token, ","); token = tokens.peek()) {
      tokens.next();
      if (isWord(token, "(")) tokens.passBrackets();
      const end = ASSIGNMENT_ENDS.find((word) => isWord(token as Token, word));
      if (end !== undefined) return end;
    }
  } while (tokens.take(","));
  return null;
}

function readPaths(tokens: Tokens): string[][] {
  const paths: string[][] = [];
  do paths.push(readPath(tokens));
  while (tokens.take(","));
  return paths;
}

function alterLosses(tokens: Tokens, sql: string, columnsOf: ColumnsOf): Loss[] {
  const altered = readAlterTable(tokens, sql);
  if (!altered) return [];
  const { table } = altered;
  const columns = columnsOf(table);
  if (!holds(columns)) return [];
  const isOld = (column: string): boolean => columns === null || columns.has(column.toLowerCase());
  return altered.clauses.flatMap((clause): Loss[] => {
    if (clause.kind === "drop-partition") return [{ kind: "drop-partition", table }];
    if (clause.kind === "drop-column") return isOld(clause.column) ? [{ kind: "drop-column", table, column: clause.column }] : [];
    if (clause.kind !== "change-column" || !isOld(clause.from)) return [];
    const from = columns?.get(clause.from.toLowerCase()) ?? null;
    return from !== null && !narrows(from, clause.type) ? [] : [{ kind: "narrow", table, column: clause.from, from, to: clause.type }];
  });
}
