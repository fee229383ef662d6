import { isName, isWord, type Tokens } from "./statement-tokens.js";

export interface TableReferences {
  /** By alias and by name, lower case: `table` or `database.table`. */
  readonly tables: ReadonlyMap<string, string>;
  /** In the statement's order. */
  readonly names: readonly string[];
  /** The word that ended them, upper case; null at the end of the statement. */
  readonly end: string | null;
}

/** What follows a table's name and is no alias. */
const NO_ALIAS = new Set(
  "JOIN INNER LEFT RIGHT FULL CROSS NATURAL STRAIGHT_JOIN ON USING WHERE SET ORDER LIMIT RETURNING PARTITION FORCE USE IGNORE INDEXED NOT FOR FROM".split(
    " ",
  ),
);

/** The tables that a statement's FROM, or its UPDATE, names: up to one of the words, which is passed. Derived tables are left out. */
export function readReferences(tokens: Tokens, ends: readonly string[]): TableReferences {
  const tables = new Map<string, string>();
  const names: string[] = [];
  let expected = true;
  for (let token = tokens.peek(); token; token = tokens.peek()) {
    const word = token.kind === "word" ? token.text.toUpperCase() : "";
    if (ends.includes(word)) {
      tokens.next();
      return { tables, names, end: word };
    }
    if (expected && isName(token)) {
      expected = false;
      readReference(tokens, tables, names);
    } else {
      tokens.next();
      if (isWord(token, "(")) tokens.passBrackets();
      if (isWord(token, ",") || word === "JOIN" || word === "STRAIGHT_JOIN") expected = true;
      else if (isWord(token, "(")) expected = false;
    }
  }
  return { tables, names, end: null };
}

function readReference(tokens: Tokens, tables: Map<string, string>, names: string[]): void {
  const path = readPath(tokens);
  const name = path.join(".");
  names.push(name);
  tables.set(name.toLowerCase(), name);
  tables.set((path.at(-1) as string).toLowerCase(), name);
  tokens.take("AS");
  const next = tokens.peek();
  if (!next || !isName(next) || (next.kind === "word" && NO_ALIAS.has(next.text.toUpperCase()))) return;
  tokens.next();
  tables.set(next.text.toLowerCase(), name);
}

/** A name with its qualifiers, outermost first: `database.table.column`; of `table.*` the table. Empty where there is none. */
export function readPath(tokens: Tokens): string[] {
  const path: string[] = [];
  do {
    const token = tokens.next();
    if (!token || !isName(token)) break;
    path.push(token.text);
  } while (tokens.take("."));
  return path;
}
