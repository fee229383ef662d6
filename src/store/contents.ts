import { createHash } from "node:crypto";
import type { Knex } from "knex";
import type { TableSchema } from "../core/schema.js";
import { GeneratedIds } from "./generated-ids.js";

/** What a table holds, without the order of its rows. */
export interface TableContents {
  readonly table: string;
  readonly rows: number;
  /** Checksum of all rows, hex. */
  readonly checksum: string;
  /** Checksum of each column's values by its name: tells where two tables differ. */
  readonly columns: Readonly<Record<string, string>>;
}

export interface ContentsOptions {
  /** What two readings may have different: `table` or `table.column`. */
  readonly ignored: ReadonlySet<string>;
  /** Instants from here to the reading count as one, because they are the clock's and not the data's. ms since 1970. */
  readonly sinceMs: number;
}

/**
 * Reads every row of the tables into memory, one table after the other. Generated numbers count by their order. `knex` as for
 * `readSchema`.
 */
export async function readContents(knex: Knex, tables: readonly TableSchema[], options: ContentsOptions): Promise<TableContents[]> {
  const contents: TableContents[] = [];
  const ids = await GeneratedIds.read(knex, tables);
  for (const table of tables) {
    const { name, columns } = table;
    if (options.ignored.has(name)) continue;
    const kept = columns.map((column) => column.name).filter((column) => !options.ignored.has(`${name}.${column}`));
    const rows: Record<string, unknown>[] = kept.length === 0 ? [] : await knex(name).select(kept);
    const span = { fromMs: options.sinceMs, toMs: Date.now() };
    const texts = kept.map((column) => {
      const rankOf = ids.rankOf(table, column);
      return rankOf === null ? (value: unknown) => textOf(value, span) : (value: unknown) => textOfId(rankOf(value), value, span);
    });
    contents.push(summarise(name, kept, rows, texts));
  }
  return contents;
}

/** What differs, one line a table: `table products: 2 rows after the resumed run, 3 after …`. Tables of one side only are the schema's. */
export function compareContents(
  first: readonly TableContents[],
  second: readonly TableContents[],
  [here, there]: readonly [string, string],
): string[] {
  const others = new Map(second.map((contents) => [contents.table, contents]));
  return first.flatMap((contents) => {
    const other = others.get(contents.table);
    if (!other || (other.rows === contents.rows && other.checksum === contents.checksum)) return [];
    if (other.rows !== contents.rows) return [`table ${contents.table}: ${contents.rows} rows ${here}, ${other.rows} rows ${there}`];
    const columns = Object.keys(contents.columns).filter((name) => contents.columns[name] !== other.columns[name]);
    const where = columns.length === 0 ? "the rows" : `the values of ${columns.join(", ")}`;
    return [`table ${contents.table}: ${where} ${here} are others than ${there}`];
  });
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function textOfId(rank: number | null, value: unknown, span: Span): string {
  return rank === null ? textOf(value, span) : `id ${rank}`;
}

function summarise(
  table: string,
  names: readonly string[],
  rows: readonly Record<string, unknown>[],
  texts: readonly ((value: unknown) => string)[],
): TableContents {
  const total = new UnorderedSum();
  const sums = names.map(() => new UnorderedSum());
  for (const row of rows) {
    const values = names.map((name, index) => (texts[index] as (value: unknown) => string)(row[name]));
    total.add(JSON.stringify(values));
    values.forEach((value, index) => sums[index]?.add(value));
  }
  const columns = Object.fromEntries(names.map((name, index) => [name, (sums[index] as UnorderedSum).hex()]));
  return { table, rows: rows.length, checksum: total.hex(), columns };
}

const MODULUS = 1n << 256n;

/** The sum of SHA-256 values: the same for the same rows in any order, and different when one of two equal rows is missing. */
class UnorderedSum {
  #sum = 0n;

  add(text: string): void {
    this.#sum = (this.#sum + BigInt(`0x${createHash("sha256").update(text).digest("hex")}`)) % MODULUS;
  }

  hex(): string {
    return this.#sum.toString(16).padStart(64, "0");
  }
}

/** Told apart by type, so that the text `1` is not the number 1. */
function textOf(value: unknown, span: Span): string {
  if (isInSpan(value, span)) return "now";
  if (Buffer.isBuffer(value)) return `bytes ${value.toString("hex")}`;
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (typeof value === "bigint") return `number ${value}`;
  return `${typeof value} ${JSON.stringify(value)}`;
}

const INSTANT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/;

function isInSpan(value: unknown, { fromMs, toMs }: Span): boolean {
  // Whole seconds, as most databases keep them, may lie just before.
  const within = (ms: number): boolean => ms >= Math.floor(fromMs / 1000) * 1000 && ms <= toMs + 1000;
  if (value instanceof Date) return within(value.getTime());
  if (typeof value === "number" || typeof value === "bigint") return within(Number(value)) || within(Number(value) * 1000);
  const parts = typeof value === "string" ? INSTANT.exec(value) : null;
  if (!parts) return false;
  const [, date, time, zone] = parts;
  // Without a zone it may be UTC, as SQLite writes it, or the server's own time.
  return (zone === undefined ? ["Z", ""] : [zone]).some((suffix) => within(Date.parse(`${date}T${time}${suffix}`)));
}
