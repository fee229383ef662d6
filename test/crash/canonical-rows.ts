import type { Knex } from "knex";
import type { TableSchema } from "../../src/core/schema.js";

/** Columns that hold another table's id without a foreign key that says so. */
const REFERENCES: Readonly<Record<string, string>> = {
  "archive.id": "orders",
  "archive.client_id": "clients",
  "parcels.order_id": "orders",
  "movements.item_id": "items",
  "labels.item_id": "items",
  "notes.ledger_id": "ledger",
  "remarks.ledger_id": "ledger",
};

/** Their rows are inserted at once, so that which gets which id is chance. */
const UNORDERED: ReadonlySet<string> = new Set(["parallel"]);

/**
 * All rows as text, sorted. Ids that the database gives are replaced by their rank, wherever they are: an insert that was
 * taken back leaves a gap. Instants since `sinceMs` are the clock's and not the data's.
 */
export async function readRows(knex: Knex, tables: readonly TableSchema[], sinceMs: number): Promise<Map<string, string[]>> {
  const found = new Map<string, Record<string, unknown>[]>();
  for (const { name } of tables) found.set(name, await knex(name).select("*"));
  const ranks = new Map<string, Map<number, number>>();
  for (const { name, columns } of tables) {
    const id = columns.find(({ extra }) => /auto_?increment/i.test(extra))?.name;
    if (id === undefined) continue;
    const ids = (found.get(name) ?? []).map((row) => Number(row[id])).toSorted((a, b) => a - b);
    ranks.set(`${name}.${id}`, new Map(ids.map((value, index) => [value, index + 1])));
  }
  const rows = new Map<string, string[]>();
  for (const table of tables) {
    const texts = (found.get(table.name) ?? []).map((row) => textOfRow(table, row, ranks, sinceMs));
    rows.set(table.name, texts.toSorted());
  }
  return rows;
}

function textOfRow(
  { name, columns, foreignKeys }: TableSchema,
  row: Record<string, unknown>,
  ranks: ReadonlyMap<string, ReadonlyMap<number, number>>,
  sinceMs: number,
): string {
  const parts = columns.map(({ name: column }) => {
    const value = row[column];
    const own = ranks.get(`${name}.${column}`);
    if (own && UNORDERED.has(name)) return null;
    const key = foreignKeys.find((each) => each.columns.length === 1 && each.columns[0] === column);
    const declared = REFERENCES[`${name}.${column}`];
    const target =
      declared === undefined ? (key ? ranks.get(`${key.table}.${key.references[0]}`) : undefined) : ranks.get(`${declared}.id`);
    const rank = value === null ? undefined : (own ?? target)?.get(Number(value));
    return `${column}: ${rank === undefined ? textOf(value, sinceMs) : `rank ${rank}`}`;
  });
  return parts.filter((part) => part !== null).join(", ");
}

function textOf(value: unknown, sinceMs: number): string {
  const isRecent = (ms: number): boolean => ms >= sinceMs - 1000 && ms <= Date.now() + 1000;
  if (value instanceof Date) return isRecent(value.getTime()) ? "now" : value.toISOString();
  if (typeof value === "number" && isRecent(value)) return "now";
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(value) && isRecent(Date.parse(`${value.replace(" ", "T")}Z`)))
    return "now";
  if (value instanceof ArrayBuffer) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Buffer.isBuffer(value)) return `bytes ${value.toString("hex")}`;
  return `${typeof value} ${String(value)}`;
}
