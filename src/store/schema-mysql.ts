import type { Knex } from "knex";
import type { ColumnSchema, ForeignKeySchema, IndexSchema, Schema, TableSchema, TriggerSchema, ViewSchema } from "../core/schema.js";

/** The columns are aliased everywhere: MySQL 8 answers in capitals, MariaDB as asked. */
type Row = Readonly<Record<string, string | number | null>>;

/** MySQL and MariaDB, from information_schema. */
export async function readMysqlSchema(knex: Knex): Promise<Schema> {
  const [database] = await rows(knex, "SELECT database() AS name");
  const columns = await readColumns(knex);
  const indexes = await readIndexes(knex);
  const foreignKeys = await readForeignKeys(knex);
  const tables = await rows(
    knex,
    "SELECT table_name AS name, engine AS engine, table_collation AS collation FROM information_schema.tables WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
  );
  return {
    tables: tables.map((row): TableSchema => {
      const name = String(row["name"]);
      const options = [row["engine"], row["collation"]].filter((part) => part !== null).join(" ");
      return { name, options, columns: partsOf(columns, name), indexes: partsOf(indexes, name), foreignKeys: partsOf(foreignKeys, name) };
    }),
    views: await readViews(knex, String(database?.["name"])),
    triggers: await readTriggers(knex),
  };
}

async function readColumns(knex: Knex): Promise<[string, ColumnSchema][]> {
  const found = await rows(
    knex,
    `SELECT table_name AS tbl, column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS dflt, extra AS extra,
      collation_name AS collation, generation_expression AS expression
    FROM information_schema.columns WHERE table_schema = database() ORDER BY table_name, ordinal_position`,
  );
  return found.map((row) => [
    String(row["tbl"]),
    {
      name: String(row["name"]),
      type: String(row["type"]).toLowerCase(),
      nullable: row["nullable"] === "YES",
      // MariaDB writes the default of a nullable column as the text NULL.
      default: row["dflt"] === null || row["dflt"] === "NULL" ? null : String(row["dflt"]),
      extra: [row["extra"], row["expression"]].filter((part) => part !== null && part !== "").join(" "),
      collation: row["collation"] === null ? null : String(row["collation"]),
    },
  ]);
}

async function readIndexes(knex: Knex): Promise<[string, IndexSchema][]> {
  const found = await rows(
    knex,
    `SELECT table_name AS tbl, index_name AS name, non_unique AS non_unique, index_type AS kind, column_name AS col, sub_part AS prefix, collation AS direction
    FROM information_schema.statistics WHERE table_schema = database() ORDER BY table_name, index_name, seq_in_index`,
  );
  const columnOf = (row: Row): string =>
    `${row["col"] ?? "(expression)"}${row["prefix"] === null ? "" : `(${row["prefix"]})`}${row["direction"] === "D" ? " desc" : ""}`;
  return groupParts(found, (parts) => ({
    name: String(parts[0]["name"]),
    unique: Number(parts[0]["non_unique"]) === 0,
    columns: parts.map(columnOf),
    kind: /^(?:fulltext|spatial)$/i.exec(String(parts[0]["kind"]))?.[0].toLowerCase() ?? "",
  }));
}

async function readForeignKeys(knex: Knex): Promise<[string, ForeignKeySchema][]> {
  const found = await rows(
    knex,
    `SELECT k.table_name AS tbl, k.constraint_name AS name, k.column_name AS col, k.referenced_table_name AS ref_table,
      k.referenced_column_name AS ref_col, r.update_rule AS on_update, r.delete_rule AS on_delete
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
    WHERE k.table_schema = database() AND k.referenced_table_name IS NOT NULL ORDER BY k.table_name, k.constraint_name, k.ordinal_position`,
  );
  return groupParts(found, (parts) => ({
    name: String(parts[0]["name"]),
    columns: parts.map((row) => String(row["col"])),
    table: String(parts[0]["ref_table"]),
    references: parts.map((row) => String(row["ref_col"])),
    onUpdate: String(parts[0]["on_update"]).toLowerCase(),
    onDelete: String(parts[0]["on_delete"]).toLowerCase(),
  }));
}

/** The server writes the database's name before every table's: two databases would never have the same view. */
async function readViews(knex: Knex, database: string): Promise<ViewSchema[]> {
  const found = await rows(
    knex,
    "SELECT table_name AS name, view_definition AS definition FROM information_schema.views WHERE table_schema = database()",
  );
  return found.map((row) => ({ name: String(row["name"]), definition: String(row["definition"]).replaceAll(`\`${database}\`.`, "") }));
}

async function readTriggers(knex: Knex): Promise<TriggerSchema[]> {
  const found = await rows(
    knex,
    `SELECT trigger_name AS name, event_object_table AS tbl, action_timing AS timing, event_manipulation AS event, action_statement AS statement
    FROM information_schema.triggers WHERE trigger_schema = database()`,
  );
  return found.map((row) => ({
    name: String(row["name"]),
    table: String(row["tbl"]),
    definition: `${row["timing"]} ${row["event"]} ${String(row["statement"]).replace(/\s+/g, " ").trim()}`,
  }));
}

async function rows(knex: Knex, sql: string): Promise<Row[]> {
  const [found] = (await knex.raw(sql)) as [Row[]];
  return found;
}

/** Rows of the same table and name are one part. */
function groupParts<T>(found: readonly Row[], make: (parts: [Row, ...Row[]]) => T): [string, T][] {
  const groups = new Map<string, [Row, ...Row[]]>();
  for (const row of found) {
    const key = JSON.stringify([row["tbl"], row["name"]]);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((parts) => [String(parts[0]["tbl"]), make(parts)]);
}

function partsOf<T>(all: readonly [string, T][], table: string): T[] {
  return all.filter(([name]) => name === table).map(([, part]) => part);
}
