import type { Knex } from "knex";
import type { StandaloneBackfillOptions } from "../../src/index.js";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import type { DatabaseKind } from "./databases.js";

/** Ids with gaps: single ones, and one longer than any batch here. */
export const IDS = Array.from({ length: 500 }, (_, index) => 3 * index + (index % 2) + (index > 200 ? 100_000 : 0) - 50);

/** Makes the columns. */
export type Made = (table: Knex.CreateTableBuilder, knex: Knex) => void;

interface Shops {
  readonly withDatabase: (use: (knex: Knex, address: string) => Promise<void>, config?: Knex.Config) => Promise<void>;
  /** A table `shops` of the made columns and `n`, all 0. */
  readonly withShops: (made: Made, rows: readonly object[], use: (knex: Knex, address: string) => Promise<void>) => Promise<void>;
  /** The same with `IDS`. */
  readonly withIds: (use: (knex: Knex, address: string) => Promise<void>) => Promise<void>;
  /** How many rows have each `n`. */
  readonly counts: (knex: Knex) => Promise<Record<string, number>>;
  /** A backfill that counts each row that it changes. */
  readonly plusOne: (knex: Knex) => StandaloneBackfillOptions;
}

/** What the tests of backfills work with. */
export function shopsOn(kind: Pick<DatabaseKind, "create">): Shops {
  const withDatabase = async (use: (knex: Knex, address: string) => Promise<void>, config: Knex.Config = {}): Promise<void> => {
    const { address, drop } = await kind.create();
    const source = databaseSource(address, process.cwd());
    const knex = connectHost({ ...source, config: { ...source.config, ...config } });
    try {
      await use(knex, address);
    } finally {
      await knex.destroy();
      await drop();
    }
  };

  const withShops = (made: Made, rows: readonly object[], use: (knex: Knex, address: string) => Promise<void>): Promise<void> =>
    withDatabase(async (knex, address) => {
      await knex.schema.createTable("shops", (table) => {
        made(table, knex);
        table.integer("n").notNullable().defaultTo(0);
      });
      await knex.batchInsert("shops", rows as { n: number }[], 100);
      await use(knex, address);
    });

  const withIds = (use: (knex: Knex, address: string) => Promise<void>): Promise<void> =>
    withShops(
      (table) => table.integer("id").primary(),
      IDS.map((id) => ({ id })),
      use,
    );

  const counts = async (knex: Knex): Promise<Record<string, number>> => {
    const rows = (await knex("shops").select("n").count({ rows: "*" }).groupBy("n").orderBy("n")) as { n: number; rows: number }[];
    return Object.fromEntries(rows.map(({ n, rows: number }) => [n, Number(number)]));
  };

  const plusOne = (knex: Knex): StandaloneBackfillOptions => ({ table: "shops", batch: 7, update: { n: knex.raw("n + 1") } });

  return { withDatabase, withShops, withIds, counts, plusOne };
}
