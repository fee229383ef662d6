import type { Knex } from "knex";
import type { ForeignKeySchema, TableSchema } from "../core/schema.js";

/** Of one column with generated numbers: the number as text → its place among the table's rows, from 1. */
type Ranks = ReadonlyMap<string, number>;

/**
 * Numbers that MySQL generates (AUTO_INCREMENT) by their order, in their own column and in those with a foreign key to it: an
 * insert that is rolled back uses its number up, so two upgrades may rightly give different ones.
 */
export class GeneratedIds {
  readonly #ranks = new Map<string, Ranks>();

  private constructor() {}

  /** Keeps the numbers of all these tables in memory. */
  static async read(knex: Knex, tables: readonly TableSchema[]): Promise<GeneratedIds> {
    const ids = new GeneratedIds();
    for (const { name, columns } of tables) {
      const column = columns.find(({ extra }) => extra.includes("auto_increment"))?.name;
      if (column === undefined) continue;
      const found: unknown[] = await knex(name).orderBy(column).pluck(column);
      ids.#ranks.set(place(name, column), new Map(found.map((id, index) => [String(id), index + 1])));
    }
    return ids;
  }

  /** How the values of a column are to be seen; null: as they are. */
  rankOf({ name, foreignKeys }: TableSchema, column: string): ((value: unknown) => number | null) | null {
    const referred = foreignKeys.flatMap((key) => referredBy(key, column)).find((target) => this.#ranks.has(target));
    const ranks = this.#ranks.get(place(name, column)) ?? (referred === undefined ? undefined : this.#ranks.get(referred));
    return ranks ? (value) => (value === null ? null : (ranks.get(String(value)) ?? null)) : null;
  }
}

function referredBy({ columns, table, references }: ForeignKeySchema, column: string): string[] {
  return columns.flatMap((name, index) => (name === column ? [place(table, String(references[index]))] : []));
}

function place(table: string, column: string): string {
  return JSON.stringify([table, column]);
}
