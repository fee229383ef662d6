import type { Knex } from "knex";
import { compareSchemas, type Schema } from "../../src/core/schema.js";
import { connectStore, databaseSource, type Dialect } from "../../src/store/connect.js";
import { readSchema } from "../../src/store/schema.js";
import { whileBusy } from "../../src/store/tables.js";
import { readRows } from "./canonical-rows.js";

/** Structure and rows, without upgate's bookkeeping. */
export interface Outcome {
  readonly schema: Schema;
  /** Each table's definition as the database writes it: check constraints are in no schema. */
  readonly definitions: ReadonlyMap<string, string>;
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** The table of the version row: made by upgate, which the reference does without. */
const VERSION_TABLE = "tbl_config";

/**
 * Looks into a database, on connections that change neither names nor rows. On a Galera cluster another trial's DDL may end even a read with a
 * deadlock: then it looks again.
 */
export async function onDatabase<T>(address: string, use: (knex: Knex, dialect: Dialect) => Promise<T>): Promise<T> {
  const source = databaseSource(address, process.cwd());
  const knex = connectStore(source);
  try {
    return await whileBusy(() => use(knex, source.dialect));
  } finally {
    await knex.destroy();
  }
}

export function readOutcome(address: string, sinceMs: number): Promise<Outcome> {
  return onDatabase(address, async (knex, dialect) => {
    const found = await readSchema(knex, dialect);
    const schema = { ...found, tables: found.tables.filter(({ name }) => name !== VERSION_TABLE) };
    const definitions = new Map<string, string>();
    for (const { name } of schema.tables) definitions.set(name, await readDefinition(knex, dialect, name));
    return { schema, definitions, rows: await readRows(knex, schema.tables, sinceMs) };
  });
}

async function readDefinition(knex: Knex, dialect: Dialect, table: string): Promise<string> {
  if (dialect === "sqlite") {
    const { sql } = (await knex("sqlite_master").where({ type: "table", name: table }).first("sql")) as { sql: string };
    return sql.replace(/\s+/g, " ");
  }
  const [[row]] = (await knex.raw("SHOW CREATE TABLE ??", [table])) as [Record<string, string>[]];
  return String(row?.["Create Table"]).replace(/ AUTO_INCREMENT=\d+/, "");
}

/** What differs, one line a part; empty when nothing does. */
export function compareOutcomes(here: Outcome, reference: Outcome): string[] {
  const places = ["here", "in the reference"] as const;
  const structure = compareSchemas(here.schema, reference.schema, places);
  const definitions = [...reference.definitions].flatMap(([table, text]) => {
    const own = here.definitions.get(table);
    return own === undefined || own === text || structure.length > 0 ? [] : [`table ${table}: ${own} here, ${text} in the reference`];
  });
  const rows = [...reference.rows].flatMap(([table, texts]) => compareRows(table, here.rows.get(table), texts));
  return [...structure, ...definitions, ...rows];
}

function compareRows(table: string, here: readonly string[] | undefined, there: readonly string[]): string[] {
  if (here === undefined || here.join("\n") === there.join("\n")) return [];
  const more = without(here, there);
  const missing = without(there, here);
  const example = [...more.slice(0, 1).map((row) => `more: {${row}}`), ...missing.slice(0, 1).map((row) => `missing: {${row}}`)].join("; ");
  return [
    `table ${table}: ${here.length} rows here, ${there.length} in the reference; ${more.length} more, ${missing.length} missing; ${example}`,
  ];
}

/** As bags: two equal rows count twice. */
function without(rows: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const row of others) counts.set(row, (counts.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const left = counts.get(row) ?? 0;
    counts.set(row, left - 1);
    return left <= 0;
  });
}
