import type { Knex } from "knex";
import type { ColumnSchema, ForeignKeySchema, IndexSchema, Schema, TableSchema } from "../core/schema.js";

interface MasterRow {
  readonly type: "table" | "view" | "trigger" | "index";
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

interface ForeignKeyRow {
  readonly id: number;
  readonly seq: number;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
  readonly on_update: string;
  readonly on_delete: string;
}

/**
 * SQLite, from its pragmas: knex alters a table by building it anew, so that the same structure may come from other SQL text.
 * Views and triggers are their text.
 */
export async function readSqliteSchema(knex: Knex): Promise<Schema> {
  const master = await rows<MasterRow>(
    knex,
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  const tables: TableSchema[] = [];
  for (const { type, name, sql } of master) if (type === "table") tables.push(await readTable(knex, name, sql ?? ""));
  return {
    tables,
    views: master.filter(({ type }) => type === "view").map(({ name, sql }) => ({ name, definition: oneLine(sql) })),
    triggers: master
      .filter(({ type }) => type === "trigger")
      .map(({ name, tbl_name, sql }) => ({ name, table: tbl_name, definition: oneLine(sql) })),
  };
}

async function readTable(knex: Knex, table: string, sql: string): Promise<TableSchema> {
  const found = await rows<ColumnRow>(knex, "SELECT * FROM pragma_table_xinfo(?)", table);
  const key = found.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  const counts = /\bautoincrement\b/i.test(sql);
  const columns = found.map((column): ColumnSchema => ({
    name: column.name,
    type: column.type.toLowerCase(),
    nullable: column.notnull === 0,
    default: column.dflt_value,
    extra: column.hidden > 0 ? "generated" : counts && column.pk > 0 ? "autoincrement" : "",
    collation: null,
  }));
  const primary = key.length === 0 ? [] : [{ name: "PRIMARY", unique: true, columns: key.map(({ name }) => name), kind: "" }];
  return {
    name: table,
    options: "",
    columns,
    indexes: [...primary, ...(await readIndexes(knex, table))],
    foreignKeys: await readForeignKeys(knex, table),
  };
}

/** Besides the primary key, which an integer one has no index for. */
async function readIndexes(knex: Knex, table: string): Promise<IndexSchema[]> {
  const found = await rows<{ name: string; unique: number; origin: string; partial: number }>(
    knex,
    "SELECT * FROM pragma_index_list(?)",
    table,
  );
  const indexes: IndexSchema[] = [];
  for (const { name, unique, origin, partial } of found) {
    if (origin === "pk") continue;
    const parts = await rows<{ name: string | null; desc: number; key: number }>(knex, "SELECT * FROM pragma_index_xinfo(?)", name);
    const columns = parts.filter(({ key }) => key === 1).map((part) => `${part.name ?? "(expression)"}${part.desc ? " desc" : ""}`);
    indexes.push({
      name: origin === "u" ? `unique(${columns.join(", ")})` : name,
      unique: unique === 1,
      columns,
      kind: partial === 1 ? "partial" : "",
    });
  }
  return indexes;
}

async function readForeignKeys(knex: Knex, table: string): Promise<ForeignKeySchema[]> {
  const found = await rows<ForeignKeyRow>(knex, "SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq", table);
  return found
    .filter(({ seq }) => seq === 0)
    .map((first) => {
      const parts = found.filter(({ id }) => id === first.id);
      const columns = parts.map(({ from }) => from);
      return {
        name: `(${columns.join(", ")})`,
        columns,
        table: first.table,
        references: parts.map(({ to }) => to ?? "(primary key)"),
        onUpdate: first.on_update.toLowerCase(),
        onDelete: first.on_delete.toLowerCase(),
      };
    });
}

async function rows<T>(knex: Knex, sql: string, ...bindings: string[]): Promise<T[]> {
  return (await knex.raw(sql, bindings)) as T[];
}

function oneLine(sql: string | null): string {
  return (sql ?? "").replace(/\s+/g, " ").trim();
}
