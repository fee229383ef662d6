import type { Knex } from "knex";
import type { Schema } from "../core/schema.js";
import type { Dialect } from "./connect.js";
import { readMysqlSchema } from "./schema-mysql.js";
import { readSqliteSchema } from "./schema-sqlite.js";
import { isOwnTable } from "./tables.js";

/**
 * Reads the structure of the database that `knex` is connected to, sorted by name, without upgate's own tables. `knex` must
 * change neither names nor rows, as one of `connectStore`. Not read: check constraints, stored procedures, events.
 */
export async function readSchema(knex: Knex, dialect: Dialect): Promise<Schema> {
  const { tables, views, triggers } = await (dialect === "mysql" ? readMysqlSchema(knex) : readSqliteSchema(knex));
  return {
    tables: byName(tables.filter(({ name }) => !isOwnTable(name))).map((table) => ({
      ...table,
      indexes: byName(table.indexes),
      foreignKeys: byName(table.foreignKeys),
    })),
    views: byName(views),
    triggers: byName(triggers.filter(({ table }) => !isOwnTable(table))),
  };
}

function byName<T extends { readonly name: string }>(parts: readonly T[]): T[] {
  return parts.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
