import type { RestoreBackupCall } from "../core/backup.js";
import type { MysqlContext } from "./mysql-context.js";
import { mysqlRows } from "./server-facts.js";

export const quoted = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/**
 * SQL that drops what the backup does not have: tables and, whether the backup has them or not, all views, routines and events. These
 * are made again at the end, so that no event runs and no view is in the way of a table of its name meanwhile.
 */
export async function surplusSql({ knex, target: { database } }: MysqlContext, call: RestoreBackupCall): Promise<string> {
  const list = async (columns: string, table: string, schema: string): Promise<{ kind: string; name: string }[]> => {
    const rows = await mysqlRows(knex, `SELECT ${columns} FROM information_schema.${table} WHERE ${schema} = ?`, [database]);
    return rows.map((row) => ({ kind: String(row["kind"]), name: String(row["name"]) }));
  };
  const wanted = new Set(call.manifest.tables.filter(({ rows }) => rows !== null).map(({ name }) => name));
  const kept = new Set(call.keep);
  const tables = await list("table_type AS kind, table_name AS name", "tables", "table_schema");
  const drops = tables
    .map(({ kind, name }) => ({ kind: kindOf(kind), name }))
    .filter(({ kind, name }) => !kept.has(name) && (kind !== "TABLE" || !wanted.has(name)));
  const routines = await list("routine_type AS kind, routine_name AS name", "routines", "routine_schema");
  const events = await list("'EVENT' AS kind, event_name AS name", "events", "event_schema");
  const lines = [...events, ...drops.toSorted(viewsFirst), ...routines].map(
    ({ kind, name }) => `DROP ${kind} IF EXISTS ${quoted(name)};\n`,
  );
  return `SET FOREIGN_KEY_CHECKS = 0;\n${lines.join("")}`;
}

function kindOf(type: string): string {
  if (type.includes("VIEW")) return "VIEW";
  return type === "SEQUENCE" ? "SEQUENCE" : "TABLE";
}

const viewsFirst = (one: { kind: string }, other: { kind: string }): number => Number(one.kind !== "VIEW") - Number(other.kind !== "VIEW");
