import type { Knex } from "knex";
import type { BackfillQuery } from "../core/backfill.js";
import type { CheckedBackfill } from "../core/check-backfill.js";
import { UpgateError } from "../core/errors.js";

/** How the key's values are compared by the database: `integer` as a literal, exact beyond 2^53; `string` by its collation. */
export type KeyKind = "integer" | "string";

interface KeyFacts {
  /** Of the table, where it has no transactions: a batch of it can't be rolled back. */
  readonly plainEngine: string | null;
  /** As the database knows it. */
  readonly column: string;
  /** As the database writes it, in lower case; null when there is no such column. */
  readonly type: string | null;
  readonly nullable: boolean;
  /** The columns of each unique index, the primary key first. */
  readonly uniques: readonly (readonly string[])[];
}

const MYSQL_KINDS: readonly [RegExp, KeyKind][] = [
  [/^(?:tiny|small|medium|big)?int$/, "integer"],
  [/^(?:char|varchar|uuid)$/, "string"],
];
/** Affinities by the declared type: https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
const SQLITE_KINDS: readonly [RegExp, KeyKind][] = [
  [/int/, "integer"],
  [/char|clob|text/, "string"],
];

export function isSqlite(knex: Knex): boolean {
  return /sqlite/.test(String((knex.client as { dialect?: string }).dialect));
}

/** Throws `ERR_UPGATE_MIGRATION_STEP` where the rows can't be gone through in the key's order. Only reads. */
export async function readKeyKind(knex: Knex, query: BackfillQuery, { table, key }: CheckedBackfill): Promise<KeyKind> {
  const facts = isSqlite(knex) ? await readSqliteKey(knex, query, table, key) : await readMysqlKey(knex, query, table, key);
  const kinds = isSqlite(knex) ? SQLITE_KINDS : MYSQL_KINDS;
  const kind = kinds.find(([type]) => type.test(facts.type ?? ""))?.[1];
  const problem = problemOf(facts, kind, table, key);
  if (problem !== null || kind === undefined) throw refusal(table, problem ?? "");
  const nulls = facts.nullable ? ((await query(knex(table).whereNull(key).select(knex.raw("1 as one")).limit(1))) as unknown[]) : [];
  if (nulls.length > 0) throw refusal(table, `the key ${key} is null in some rows, and they would be left out`);
  return kind;
}

function problemOf({ plainEngine, column, type, uniques }: KeyFacts, kind: KeyKind | undefined, table: string, key: string): string | null {
  if (type === null) return `there is no column ${key} in a table ${table}`;
  if (plainEngine !== null) return `its engine ${plainEngine} has no transactions; convert it with ALTER TABLE … ENGINE = InnoDB`;
  if (kind === undefined) {
    const accepted = "a key is of whole numbers, CHAR, VARCHAR or UUID";
    return `the key ${key} is ${type === "" ? "without a type" : `of the type ${type.toUpperCase()}`}; ${accepted}`;
  }
  if (uniques.some((columns) => columns.length === 1 && sameName(columns[0], column))) return null;
  const composite = uniques.find((columns) => columns.some((part) => sameName(part, column)));
  if (!composite) return `the key ${key} has no unique index`;
  return `the key ${key} is unique only together: (${composite.join(", ")}); name a column with a unique index of its own`;
}

function refusal(table: string, problem: string): UpgateError {
  return new UpgateError("ERR_UPGATE_MIGRATION_STEP", `The backfill of ${table} can't be run: ${problem}.`);
}

function sameName(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

/** The parts of `database.table` as the database knows them: the host's knex may write names in another way (`wrapIdentifier`). */
export function namesOf(knex: Knex, identifier: string): string[] {
  return [
    ...knex
      .ref(identifier)
      .toString()
      .matchAll(/`([^`]+)`/g),
  ].map(([, name]) => name as string);
}

async function readMysqlKey(knex: Knex, query: BackfillQuery, table: string, key: string): Promise<KeyFacts> {
  const [name = table, database = null] = namesOf(knex, table).toReversed();
  const [column = key] = namesOf(knex, key);
  const of = ["table_schema = coalesce(?, database()) and table_name = ?", [database, name]] as const;
  const columns = (await query(
    knex
      .select(knex.raw("data_type as type, is_nullable as nullable"))
      .from(knex.raw("information_schema.columns"))
      .whereRaw(...of)
      .whereRaw("column_name = ?", [column]),
  )) as { type: string; nullable: string }[];
  const parts = (await query(
    knex
      .select(knex.raw("index_name as name, column_name as part"))
      .from(knex.raw("information_schema.statistics"))
      .whereRaw(...of)
      .whereRaw("non_unique = 0")
      .orderByRaw("index_name = 'PRIMARY' desc, index_name, seq_in_index"),
  )) as IndexPart[];
  const [engine] = (await query(
    knex
      .select(knex.raw("engine as name"))
      .from(knex.raw("information_schema.tables"))
      .whereRaw(...of)
      .whereRaw("engine in (select engine from information_schema.engines where transactions = 'NO')"),
  )) as { name: string }[];
  const [found] = columns;
  return {
    plainEngine: engine?.name ?? null,
    column,
    type: found ? String(found.type).toLowerCase() : null,
    nullable: found?.nullable === "YES",
    uniques: grouped(parts),
  };
}

async function readSqliteKey(knex: Knex, query: BackfillQuery, table: string, key: string): Promise<KeyFacts> {
  const [name = table, database = "main"] = namesOf(knex, table).toReversed();
  const [column = key] = namesOf(knex, key);
  const columns = (await query(
    knex.select(knex.raw("name, type, pk")).from(knex.raw("pragma_table_info(?, ?)", [name, database])),
  )) as SqliteColumn[];
  const parts = (await query(
    knex
      .select(knex.raw("i.name as name, c.name as part"))
      .from(knex.raw("pragma_index_list(?, ?) i, pragma_index_info(i.name, ?) c", [name, database, database]))
      .whereRaw('i."unique" = 1 and i.partial = 0')
      .orderByRaw("i.name, c.seqno"),
  )) as IndexPart[];
  const found = columns.find((one) => sameName(one.name, column));
  const primary = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  const uniques = [...(primary.length > 0 ? [primary.map((one) => one.name)] : []), ...grouped(parts)];
  // SQLite lets primary keys be null, too, but for whole numbers.
  return { plainEngine: null, column, type: found ? found.type.toLowerCase() : null, nullable: true, uniques };
}

interface SqliteColumn {
  readonly name: string;
  readonly type: string;
  /** Place within the primary key from 1; 0: not part of it. */
  readonly pk: number;
}

interface IndexPart {
  readonly name: string;
  readonly part: string | null;
}

function grouped(parts: readonly IndexPart[]): string[][] {
  const indexes = new Map<string, string[]>();
  for (const { name, part } of parts) indexes.set(name, [...(indexes.get(name) ?? []), part ?? "(expression)"]);
  return [...indexes.values()];
}
