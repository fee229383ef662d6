import type { Knex } from "knex";
import { parseInstalledVersion } from "../../core/version.js";
import type { Dialect } from "../../store/connect.js";
import { isOwnTable } from "../../store/tables.js";

/** A row of the host's own that holds a version: WHMCS's `tblconfiguration` has one. */
export interface FoundVersionRow {
  readonly table: string;
  readonly keyColumn: string;
  readonly key: string;
  readonly valueColumn: string;
  readonly text: string;
  /** The text as semver; `8.6` counts as `8.6.0`. */
  readonly version: string;
  readonly isShort: boolean;
}

interface Candidate {
  readonly table: string;
  readonly keyColumn: string;
  readonly valueColumn: string;
}

const KEYS = ["setting", "name", "key", "option", "variable", "option_name", "setting_name", "config_key"];
const VALUES = ["value", "val", "content", "option_value", "setting_value", "config_value"];
const PLAIN_NAME = /^[A-Za-z_][\w$]*$/;

/** Rows named version (whatever the case) that hold a version, in tables of settings; upgate's default table first. */
export async function findVersionRows(knex: Knex, dialect: Dialect, tables: readonly string[]): Promise<FoundVersionRow[]> {
  const columns = await readColumns(knex, dialect, tables);
  const found: FoundVersionRow[] = [];
  for (const candidate of candidatesAmong(columns)) {
    const { table, keyColumn, valueColumn } = candidate;
    const rows: { key: unknown; text: unknown }[] = await knex(table)
      .select({ key: keyColumn, text: valueColumn })
      .whereRaw("lower(??) = ?", [keyColumn, "version"])
      .limit(2);
    const [row] = rows;
    const version = rows.length === 1 && row ? versionOf(row.text) : null;
    if (version !== null && row) found.push({ ...candidate, key: String(row.key), text: String(row.text).trim(), ...version });
  }
  return found;
}

/** Tables with a column for names and one for values, by their columns' names. */
export function candidatesAmong(columns: ReadonlyMap<string, readonly string[]>): Candidate[] {
  const candidates = [...columns].flatMap(([table, names]) => {
    const keyColumn = KEYS.flatMap((key) => names.filter((name) => name.toLowerCase() === key))[0];
    const valueColumn = VALUES.flatMap((value) => names.filter((name) => name.toLowerCase() === value))[0];
    return keyColumn === undefined || valueColumn === undefined || isOwnTable(table) || !PLAIN_NAME.test(table)
      ? []
      : [{ table, keyColumn, valueColumn }];
  });
  return candidates.toSorted((a, b) => Number(b.table === "tbl_config") - Number(a.table === "tbl_config") || (a.table < b.table ? -1 : 1));
}

/** A version as releases have it, or its first two numbers; a single number may be anything. */
export function versionOf(text: unknown): { version: string; isShort: boolean } | null {
  const trimmed = String(text ?? "").trim();
  const version = parseInstalledVersion(trimmed);
  if (version !== null) return { version, isShort: false };
  return /^\d{1,6}\.\d{1,6}$/.test(trimmed) ? { version: `${trimmed}.0`, isShort: true } : null;
}

async function readColumns(knex: Knex, dialect: Dialect, tables: readonly string[]): Promise<Map<string, string[]>> {
  const rows: { table: string; column: string }[] =
    dialect === "mysql"
      ? await knex("information_schema.columns")
          .select(knex.raw("table_name as ??", ["table"]), knex.raw("column_name as ??", ["column"]))
          .whereRaw("table_schema = database()")
          .orderBy("ordinal_position")
      : await knex
          .select({ table: "m.name", column: "p.name" })
          .from(knex.raw("sqlite_master as m, pragma_table_info(m.name) as p"))
          .whereIn("m.name", tables as string[]);
  const columns = new Map<string, string[]>();
  for (const { table, column } of rows) columns.set(table, [...(columns.get(table) ?? []), column]);
  return columns;
}
