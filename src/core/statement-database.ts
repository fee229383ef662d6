import type { SqlDialect } from "./statement-kinds.js";
import { isName, Tokens } from "./statement-tokens.js";

/** Whether a statement names something in that database by the database's own name: `shop.products`. Text in strings does not count. */
export function namesDatabase(sql: string, dialect: SqlDialect, database: string): boolean {
  const wanted = database.toLowerCase();
  // Reading every word of a long INSERT is dear, and hardly any says it.
  if (!sql.toLowerCase().includes(wanted)) return false;
  const tokens = new Tokens(sql, dialect);
  for (let token = tokens.next(); token; token = tokens.next())
    if (isName(token) && token.text.toLowerCase() === wanted && tokens.take(".")) return true;
  return false;
}
