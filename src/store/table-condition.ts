import type { Knex } from "knex";
import { isOwnTable } from "./tables.js";

/** What the server's catalogue says of one of the application's tables. */
export interface TableCondition {
  readonly name: string;
  readonly engine: string;
  readonly collation: string;
  /** `Dynamic`, `Compact`, … */
  readonly rowFormat: string;
  /** Rows and indexes, at a guess. */
  readonly bytes: number;
}

export interface TableConditions {
  readonly tables: readonly TableCondition[];
  /** Default of the database. */
  readonly collation: string;
}

/** MySQL and MariaDB: the tables of the database, without upgate's own, by name. */
export async function readTableConditions(knex: Knex): Promise<TableConditions> {
  const { collation }: { collation: string } = await knex.first(knex.raw("@@collation_database AS collation"));
  const rows: Record<string, unknown>[] = await knex("information_schema.tables")
    .select(
      knex.raw(
        "table_name AS name, engine AS engine, table_collation AS collation, row_format AS row_format, " +
          "COALESCE(data_length, 0) + COALESCE(index_length, 0) AS bytes",
      ),
    )
    .whereRaw("table_schema = DATABASE()")
    .whereIn("table_type", ["BASE TABLE", "SYSTEM VERSIONED"])
    .orderBy("table_name");
  const tables = rows.map((row) => ({
    name: String(row["name"]),
    engine: String(row["engine"] ?? "none"),
    collation: String(row["collation"] ?? ""),
    rowFormat: String(row["row_format"] ?? ""),
    bytes: Number(row["bytes"]),
  }));
  return { tables: tables.filter(({ name }) => !isOwnTable(name)), collation };
}

/** A key of COMPACT and REDUNDANT rows has up to 767 bytes a column, and a character of utf8mb4 up to four. */
const LONGEST_OLD_KEY_BYTES = 767;

/** Of those tables: with a text column whose key would not fit any more when it became utf8mb4. By name. */
export async function readWideKeys(knex: Knex, tables: readonly string[]): Promise<Set<string>> {
  if (tables.length === 0) return new Set();
  const rows: { name: string }[] = await knex("information_schema.statistics as s")
    .join("information_schema.columns as c", (join) => {
      for (const column of ["table_schema", "table_name", "column_name"]) join.on(`s.${column}`, `c.${column}`);
    })
    .distinct(knex.raw("s.table_name AS name"))
    .whereRaw("s.table_schema = DATABASE() AND c.character_maximum_length IS NOT NULL")
    .whereIn("s.table_name", [...tables])
    .whereRaw(`COALESCE(s.sub_part, c.character_maximum_length) * 4 > ${LONGEST_OLD_KEY_BYTES}`);
  return new Set(rows.map(({ name }) => name));
}
