import type { Knex } from "knex";
import { NEVER_BACKED_UP } from "../../src/store/tables.js";
import { dump } from "./dump.js";

/** Everything that a backup holds: definitions and rows, of the application's tables, the history and the journal. */
export async function wholeDatabase(knex: Knex): Promise<Record<string, unknown>> {
  const all = isSqlite(knex)
    ? await dumpSqlite(knex)
    : await dump(async (sql, bindings) => (await knex.raw(sql, (bindings ?? []) as never[]))[0]);
  // A column of the table's own character set: MySQL says so only where the statement did that made it.
  const normal = JSON.parse(JSON.stringify(all).replaceAll(" CHARACTER SET utf8mb4 COLLATE", " COLLATE")) as typeof all;
  return Object.fromEntries(
    Object.entries(withoutProgress(normal))
      .filter(([name]) => !NEVER_BACKED_UP.some((own) => name === `table ${own}`))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** How far a backup has come is written down while it is made. */
function withoutProgress(all: Record<string, unknown>): Record<string, unknown> {
  const facts = all["table upgate_fact"] as { rows: string[] } | undefined;
  return facts
    ? { ...all, "table upgate_fact": { ...facts, rows: facts.rows.filter((row) => !/"name":"(?:progress|rehearsal)"/.test(row)) } }
    : all;
}

function isSqlite({ client }: Knex): boolean {
  return /sqlite/.test(String((client as { dialect?: string }).dialect));
}

async function dumpSqlite(knex: Knex): Promise<Record<string, unknown>> {
  const objects = (await knex.raw("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")) as {
    type: string;
    name: string;
    sql: string;
    tbl_name: string;
  }[];
  const all: Record<string, unknown> = {};
  for (const { type, name, tbl_name: table, sql } of objects) {
    if (type === "index" && NEVER_BACKED_UP.includes(table)) continue;
    const rows = type === "table" ? ((await knex(name).select()) as object[]) : [];
    all[`${type} ${name}`] = { sql, rows: rows.map((row) => JSON.stringify(row)).toSorted() };
  }
  return all;
}
