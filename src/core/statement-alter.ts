import { definition, engineName, passDefiner, passWait, renaming, target } from "./statement-definition.js";
import { type DefinitionTarget, REPEATABLE, type Statement, undecidable } from "./statement-kinds.js";
import { isWord, type Token, type Tokens } from "./statement-tokens.js";

type Path = DefinitionTarget["path"];

const NAMELESS = undecidable("The name of what the statement changes was not found in its text.");
/** Repeating these sets the same value again. */
const REPEATED_OBJECTS = new Set(["DATABASE", "SCHEMA", "USER", "ROLE", "SERVER"]);

/** MySQL's ALTER, after the word itself. */
export function classifyAlter(tokens: Tokens): Statement {
  const type = alteredType(tokens);
  if (type === "TABLE") return alterTable(tokens);
  if (REPEATED_OBJECTS.has(type)) return alterRepeated(type, tokens);
  if (type === "EVENT") return alterEvent(tokens);
  if (type !== "VIEW" && type !== "PROCEDURE" && type !== "FUNCTION" && type !== "SEQUENCE")
    return undecidable(`Whether ALTER ${type} was carried out is not compared.`);
  tokens.take("IF", "EXISTS");
  const path = tokens.name();
  return path ? definition({ targets: [target(type.toLowerCase() as "view", path)] }) : NAMELESS;
}

function alteredType(tokens: Tokens): string {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "DEFINER")) passDefiner(tokens);
    else if (isWord(token, "ALGORITHM")) {
      tokens.take("=");
      tokens.next();
    } else if (isWord(token, "SQL") && tokens.take("SECURITY")) tokens.next();
    else if (!isWord(token, "ONLINE") && !isWord(token, "OFFLINE") && !isWord(token, "IGNORE")) return token.text.toUpperCase();
  }
  return "";
}

function alterRepeated(type: string, tokens: Tokens): Statement {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "RETAIN") && tokens.take("CURRENT"))
      return undecidable("Repeated, RETAIN CURRENT PASSWORD would lose the old password.");
    if (isWord(token, "UPGRADE")) return undecidable(`Whether ALTER ${type} … UPGRADE was carried out is not compared.`);
  }
  return REPEATABLE;
}

function alterEvent(tokens: Tokens): Statement {
  tokens.take("IF", "EXISTS");
  const path = tokens.name();
  if (!path) return NAMELESS;
  const targets = [target("event", path)];
  for (let token = tokens.next(); token && !isWord(token, "DO"); token = tokens.next()) {
    if ((isWord(token, "SCHEDULE") && tokens.take("AT")) || isWord(token, "ENDS"))
      return undecidable("An event that runs once or ends removes itself, so its absence proves nothing.");
    const renamed = isWord(token, "RENAME") && tokens.take("TO") ? tokens.name() : null;
    if (renamed) targets.push(target("event", renamed));
  }
  return definition({ targets });
}

/** What the clauses of an ALTER TABLE do beyond changing the table's definition. */
interface Effects {
  readonly table: Path;
  to: Path | null;
  engine: string | null;
  complete: boolean;
  why: string | null;
  /** Lower case, as column names are compared. */
  readonly columnsFrom: Set<string>;
  readonly columnsTo: Set<string>;
  readonly added: Set<string>;
  positions: boolean;
}

function alterTable(tokens: Tokens): Statement {
  tokens.take("IF", "EXISTS");
  const table = tokens.name();
  if (!table) return NAMELESS;
  passWait(tokens);
  const effects: Effects = {
    table,
    to: null,
    engine: null,
    complete: true,
    why: null,
    columnsFrom: new Set(),
    columnsTo: new Set(),
    added: new Set(),
    positions: false,
  };
  while (readClause(tokens, effects));
  return effects.why ? undecidable(effects.why) : (swappedColumns(effects) ?? altered(effects));
}

function altered({ table, to, engine, complete }: Effects): Statement {
  const same = !to || to.join(".") === table.join(".");
  const outcome = same ? definition({ targets: [target("table", table)] }) : renaming([[table, to]]);
  return outcome.kind === "undecidable" ? outcome : { ...outcome, engine, complete: complete && outcome.complete };
}

/** Columns that pass their names on: with other positions, or with a new column of the old name, the definition may stay the same. */
function swappedColumns({ columnsFrom, columnsTo, added, positions }: Effects): Statement | null {
  const passedOn = [...columnsFrom].some((name) => added.has(name) || (positions && columnsTo.has(name)));
  return passedOn ? undecidable("Columns pass on their names: the definition may be the same before and afterwards.") : null;
}

/** Reads one clause with the comma behind it; false when it was the last. */
function readClause(tokens: Tokens, effects: Effects): boolean {
  const first = tokens.next();
  const verb = first?.kind === "word" ? first.text.toUpperCase() : "";
  startClause(verb, tokens, effects);
  const plain = !["ADD", "ALTER", "CHANGE", "DROP", "MODIFY", "RENAME", "ORDER", "CONVERT"].includes(verb);
  let depth = 0;
  for (let token: Token | null = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) depth++;
    else if (isWord(token, ")")) depth--;
    else if (depth === 0 && isWord(token, ",")) return true;
    else if (plain && depth === 0 && isWord(token, "ENGINE")) effects.engine = engineName(tokens);
    else if (depth === 0 && (isWord(token, "FIRST") || isWord(token, "AFTER"))) effects.positions = true;
    else if (verb === "ADD") effects.added.add(token.text.toLowerCase());
  }
  return false;
}

function startClause(verb: string, tokens: Tokens, effects: Effects): void {
  switch (verb) {
    case "ENGINE":
      effects.engine = engineName(tokens);
      return;
    case "RENAME":
      return startRename(tokens, effects);
    case "CHANGE":
      tokens.take("COLUMN");
      tokens.take("IF", "EXISTS");
      return noteColumn(tokens, effects);
    case "EXCHANGE":
      effects.why = "EXCHANGE PARTITION swaps rows between tables whose definitions stay the same.";
      return;
    case "DISCARD":
    case "IMPORT":
      effects.why = `Whether ${verb} TABLESPACE was carried out does not show in the table's definition.`;
      return;
    case "CONVERT":
      if (isWord(tokens.peek(), "PARTITION") || isWord(tokens.peek(), "TABLE")) effects.complete = false;
  }
}

function startRename(tokens: Tokens, effects: Effects): void {
  if (tokens.take("COLUMN")) {
    tokens.take("IF", "EXISTS");
    return noteColumn(tokens, effects);
  }
  if (tokens.take("INDEX") || tokens.take("KEY")) return;
  if (!tokens.take("TO") && !tokens.take("AS")) tokens.take("=");
  effects.to = tokens.name();
  if (!effects.to) effects.why = "The table's new name was not found in the statement.";
}

function noteColumn(tokens: Tokens, { columnsFrom, columnsTo }: Effects): void {
  const from = tokens.next()?.text.toLowerCase();
  tokens.take("TO");
  const to = tokens.next()?.text.toLowerCase();
  if (from === undefined || to === undefined || from === to) return;
  columnsFrom.add(from);
  columnsTo.add(to);
}
