import { type Definition, type DefinitionTarget, refused, REPEATABLE, type Statement, undecidable } from "./statement-kinds.js";
import { isName, isWord, type Tokens } from "./statement-tokens.js";

type Path = DefinitionTarget["path"];
type ObjectType = DefinitionTarget["type"];

const NAMELESS = undecidable("The name of what the statement changes was not found in its text.");
const ROUTINES: Readonly<Record<string, ObjectType>> = { TRIGGER: "trigger", PROCEDURE: "procedure", FUNCTION: "function", EVENT: "event" };
const INDEX_WORDS = ["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "ONLINE", "OFFLINE"];

export function target(type: ObjectType, path: Path): DefinitionTarget {
  return { type, name: path.join("."), path };
}

/** A definition's usual values, but for what is given. With a dot in a name of its own, what is created can't be told by names. */
export function definition(parts: Partial<Definition> & Pick<Definition, "targets">): Definition {
  const complete = !parts.targets.some(({ path }) => path.some((name) => name.includes(".")));
  return { kind: "definition", creates: [], drops: [], renames: [], engine: null, repeatable: false, complete, ...parts };
}

/** MySQL's CREATE, after the word itself. */
export function classifyCreate(tokens: Tokens, sql: string): Statement {
  const replaces = tokens.take("OR", "REPLACE");
  const type = createdType(tokens);
  if (type === "TEMPORARY") return classifyTemporary("create", tokens);
  const tolerant = tokens.take("IF", "NOT", "EXISTS");
  const repeatable = replaces || tolerant;
  if (type === "INDEX") return createIndex(tokens);
  const routine = ROUTINES[type];
  if (routine) return createRoutine(tokens, routine, repeatable, sql);
  if (type !== "TABLE" && type !== "VIEW" && type !== "SEQUENCE")
    return repeatable ? repeated(type) : undecidable(`Whether CREATE ${type} was carried out is not compared.`);
  const path = tokens.name();
  if (!path) return NAMELESS;
  const made = target(type.toLowerCase() as ObjectType, path);
  const plain = definition({ targets: [made], creates: [made.name], repeatable });
  return type === "TABLE" ? createTable(tokens, plain) : plain;
}

function repeated(type: string): Statement {
  return type === "DATABASE" || type === "SCHEMA" ? { kind: "repeatable", moves: true } : REPEATABLE;
}

/** Passes what may stand before the kind of object: ALGORITHM, DEFINER, SQL SECURITY and the like. Upper case. */
function createdType(tokens: Tokens): string {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "DEFINER")) passDefiner(tokens);
    else if (isWord(token, "ALGORITHM")) {
      tokens.take("=");
      tokens.next();
    } else if (isWord(token, "SQL") && tokens.take("SECURITY")) tokens.next();
    else if (!isWord(token, "AGGREGATE") && !INDEX_WORDS.includes(token.text.toUpperCase())) return token.text.toUpperCase();
  }
  return "";
}

export function passDefiner(tokens: Tokens): void {
  tokens.take("=");
  tokens.next();
  if (tokens.take("@")) tokens.next();
  else if (tokens.take("(")) tokens.take(")");
}

function classifyTemporary(action: "create" | "drop", tokens: Tokens): Statement {
  if (!tokens.take("TABLE") && !tokens.take("TABLES") && !tokens.take("SEQUENCE")) return NAMELESS;
  if (!tokens.take("IF", "NOT", "EXISTS")) tokens.take("IF", "EXISTS");
  const names = nameList(tokens);
  return names ? { kind: "temporary", action, names: names.map((path) => path.join(".")) } : NAMELESS;
}

function createIndex(tokens: Tokens): Statement {
  if (!isWord(tokens.peek(), "ON") && !tokens.name()) return NAMELESS;
  if (tokens.take("USING") || tokens.take("TYPE")) tokens.next();
  return tokens.take("ON") ? onTable(tokens) : NAMELESS;
}

function onTable(tokens: Tokens): Statement {
  const path = tokens.name();
  return path ? definition({ targets: [target("table", path)] }) : NAMELESS;
}

function createRoutine(tokens: Tokens, type: ObjectType, repeatable: boolean, sql: string): Statement {
  const path = tokens.name();
  if (!path) return NAMELESS;
  if (type === "event" && runsOnce(sql))
    return undecidable("An event that runs once or ends removes itself, so its absence proves nothing.");
  if (type === "function" && !isWord(tokens.peek(), "("))
    return repeatable ? REPEATABLE : undecidable("A function from a library on the server has no definition that could be compared.");
  return definition({ targets: [target(type, path)], repeatable });
}

/** An event's schedule names an instant, or an end. */
function runsOnce(sql: string): boolean {
  return /\bSCHEDULE\s+AT\b|\bENDS\b/i.test(sql);
}

const QUERY_OR_PARTITIONS = ["SELECT", "AS", "WITH", "VALUES", "TABLE", "PARTITION"];

/** Reads the options behind the columns, up to the query of a CREATE TABLE … SELECT. */
function createTable(tokens: Tokens, plain: Definition): Statement {
  let engine: string | null = null;
  if (tokens.take("LIKE") || tokens.take("(", "LIKE")) return { ...plain, complete: false };
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (token.kind !== "word") continue;
    else if (isWord(token, "WITH") && tokens.take("SYSTEM")) continue;
    else if (QUERY_OR_PARTITIONS.includes(token.text.toUpperCase())) break;
    else if (isWord(token, "ENGINE")) engine = engineName(tokens);
    else if (isWord(token, "START") && tokens.take("TRANSACTION"))
      return refused("CREATE TABLE … START TRANSACTION leaves a transaction open that the journal can't join.");
  }
  return { ...plain, engine };
}

/** The name after ENGINE, lower case. */
export function engineName(tokens: Tokens): string | null {
  tokens.take("=");
  return tokens.next()?.text.toLowerCase() ?? null;
}

/** MySQL's DROP, after the word itself. */
export function classifyDrop(tokens: Tokens): Statement {
  while (tokens.take("ONLINE") || tokens.take("OFFLINE"));
  if (tokens.take("TEMPORARY")) return classifyTemporary("drop", tokens);
  const type = tokens.next()?.text.toUpperCase() ?? "";
  if (type === "PREPARE") return { kind: "session", moves: false };
  const repeatable = tokens.take("IF", "EXISTS");
  if (type === "INDEX") return tokens.name() && tokens.take("ON") ? onTable(tokens) : NAMELESS;
  const routine = ROUTINES[type];
  if (type !== "TABLE" && type !== "TABLES" && type !== "VIEW" && type !== "SEQUENCE" && !routine)
    return repeatable ? repeated(type) : undecidable(`Whether DROP ${type} was carried out is not compared.`);
  const paths = nameList(tokens);
  if (!paths) return NAMELESS;
  const targets = paths.map((path) => target(routine ?? (type === "TABLES" ? "table" : (type.toLowerCase() as ObjectType)), path));
  return definition({ targets, drops: routine ? [] : targets.map(({ name }) => name), repeatable });
}

function nameList(tokens: Tokens): readonly Path[] | null {
  const paths: Path[] = [];
  do {
    const path = tokens.name();
    if (!path) return null;
    paths.push(path);
  } while (tokens.take(","));
  return paths;
}

/** MySQL's RENAME, after the word itself. */
export function classifyRename(tokens: Tokens): Statement {
  if (!tokens.take("TABLE") && !tokens.take("TABLES")) return undecidable("Whether a user was renamed is not compared.");
  tokens.take("IF", "EXISTS");
  const pairs: [Path, Path][] = [];
  do {
    const from = tokens.name();
    passWait(tokens);
    const to = tokens.take("TO") ? tokens.name() : null;
    if (!from || !to) return NAMELESS;
    pairs.push([from, to]);
  } while (tokens.take(","));
  return renaming(pairs);
}

/** MariaDB: how long to wait for the table's lock. */
export function passWait(tokens: Tokens): void {
  if (tokens.take("WAIT")) tokens.next();
  else tokens.take("NOWAIT");
}

/**
 * The net effect of the pairs one after the other: `a TO old, new TO a` creates old and drops new, and a is another table.
 * Names that differ in case count as one, because on some servers they are.
 */
export function renaming(pairs: readonly (readonly [Path, Path])[]): Definition | Extract<Statement, { kind: "undecidable" }> {
  const renames = pairs.map(([from, to]) => [from.join("."), to.join(".")] as const);
  const sources = new Set(renames.map(([from]) => from.toLowerCase()));
  const results = new Set(renames.map(([, to]) => to.toLowerCase()));
  const creates = renames.map(([, to]) => to).filter((name) => !sources.has(name.toLowerCase()));
  const drops = renames.map(([from]) => from).filter((name) => !results.has(name.toLowerCase()));
  if (creates.length === 0) return undecidable("Tables change their names among each other: the same names exist before and afterwards.");
  const paths = new Map(pairs.flat().map((path) => [path.join("."), path]));
  const targets = [...paths.values()].map((path) => target("table", path));
  return definition({ targets, creates, drops, renames });
}

/** MySQL's TRUNCATE, after the word itself: nothing of it shows in the definition, so it is repeated. */
export function classifyTruncate(tokens: Tokens): Statement {
  tokens.take("TABLE");
  const first = tokens.peek();
  const path = first && isName(first) ? tokens.name() : null;
  return path ? definition({ targets: [target("table", path)], repeatable: true }) : NAMELESS;
}
