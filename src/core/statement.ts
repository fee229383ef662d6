import { classifyMysql } from "./statement-mysql.js";
import { classifySqlite } from "./statement-sqlite.js";
import type { SqlDialect, Statement } from "./statement-kinds.js";

export type { Definition, DefinitionTarget, SqlDialect, Statement } from "./statement-kinds.js";

/**
 * What a statement does to the transaction, and whether it can be told afterwards that it was carried out. Reads no more of
 * the text than that takes. It can't see what functions and triggers do that the text calls by name: a SELECT of a function
 * that writes counts as a read.
 */
export function classifyStatement(sql: string, dialect: SqlDialect): Statement {
  return dialect === "sqlite" ? classifySqlite(sql) : classifyMysql(sql);
}
