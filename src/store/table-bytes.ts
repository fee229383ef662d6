import type { Knex } from "knex";
import { isOwnTable } from "./tables.js";

const TIMEOUT_MS = 5000;

/** Bytes of rows and indexes by the table's name in lower case, as the server estimates them; without upgate's own. MySQL and MariaDB. */
export async function readTableBytes(knex: Knex): Promise<Map<string, number>> {
  const sql =
    "SELECT table_name AS name, data_length + index_length AS bytes FROM information_schema.tables " +
    "WHERE table_schema = DATABASE() AND table_type <> 'VIEW'";
  const [rows] = (await knex.raw(sql).timeout(TIMEOUT_MS)) as unknown as [{ name: string; bytes: number | string | null }[]];
  const sizes = rows.filter(({ name }) => !isOwnTable(name)).map(({ name, bytes }) => [name.toLowerCase(), Number(bytes ?? 0)] as const);
  return new Map(sizes);
}
