import type { Knex } from "knex";
import type { BackfillQuery } from "../core/backfill.js";
import type { CheckedBackfill } from "../core/check-backfill.js";
import { isSqlite, namesOf } from "./backfill-key.js";

/** More are not counted: that would take longer than a batch may. */
const COUNTED = 100_000;

/** See `BackfillProgress.total`. */
export async function countTotal(knex: Knex, query: BackfillQuery, { table, key, where }: CheckedBackfill): Promise<number | null> {
  const some = knex(table)
    .select(key)
    .limit(COUNTED + 1);
  const counted = await countOf(query, knex.count({ n: "*" }).from(some.as("some")));
  if (counted <= COUNTED) {
    if (!where) return counted;
    return countOf(
      query,
      knex(table)
        .where((rows) => where(rows))
        .count({ n: "*" }),
    );
  }
  return where || isSqlite(knex) ? null : estimate(knex, query, table, counted);
}

/** By the server's statistics; null where they are older than the rows. */
async function estimate(knex: Knex, query: BackfillQuery, table: string, atLeast: number): Promise<number | null> {
  const [name = table, database = null] = namesOf(knex, table).toReversed();
  const rows = await countOf(
    query,
    knex
      .select(knex.raw("table_rows as n"))
      .from(knex.raw("information_schema.tables"))
      .whereRaw("table_schema = coalesce(?, database()) and table_name = ?", [database, name]),
  );
  return rows >= atLeast ? rows : null;
}

async function countOf(query: BackfillQuery, counting: Knex.QueryBuilder): Promise<number> {
  const [row] = (await query(counting)) as { n: unknown }[];
  return Number(row?.n ?? 0);
}
