import { Tokens } from "./statement-tokens.js";

/** Their bodies hold semicolons. */
const COMPOUND = /^\s*create\b[^;]*\b(?:procedure|function|trigger|event)\b/i;

/** Whether MySQL would carry the text out as more than one statement, where a connection lets it (`multipleStatements`). */
export function hasSeveralStatements(sql: string): boolean {
  if (!sql.includes(";") || COMPOUND.test(sql)) return false;
  const tokens = new Tokens(sql, "mysql");
  for (let token = tokens.next(); token; token = tokens.next())
    if (token.kind === "mark" && token.text === ";") return tokens.next() !== null;
  return false;
}
