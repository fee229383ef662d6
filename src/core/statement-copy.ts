import { readPath } from "./statement-references.js";
import { isName, isWord, type Tokens } from "./statement-tokens.js";

/** All rows of one table, into another one. */
export interface RowCopy {
  readonly from: string;
  /** That are read, lower case; null: all. */
  readonly columns: readonly string[] | null;
}

/** What follows a SELECT, where that reads every row of one table; else null. */
export function readRowCopy(tokens: Tokens): RowCopy | null {
  const columns: string[] = [];
  let all = false;
  for (let token = tokens.next(); token && !isWord(token, "FROM"); token = tokens.next()) {
    if (isWord(token, "DISTINCT")) return null;
    if (isWord(token, "AS")) tokens.next();
    else if (isWord(token, "*")) all = true;
    else if (isName(token)) columns.push(token.text.toLowerCase());
  }
  const from = readPath(tokens).join(".");
  if (from === "") return null;
  if (tokens.take("ORDER", "BY")) for (let token = tokens.next(); token && !isWord(token, "LIMIT"); token = tokens.next());
  return tokens.atEnd() ? { from, columns: all ? null : columns } : null;
}
