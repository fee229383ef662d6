import type { Knex } from "knex";
import type { Flavor } from "./find-program.js";

/** The server that a connection leads to. */
export interface ServerFacts {
  readonly flavor: Flavor;
  /** `10.11.19`. */
  readonly version: string;
}

/** MySQL and MariaDB only. */
export async function readServerFacts(knex: Knex): Promise<ServerFacts> {
  const [row] = await mysqlRows(knex, "SELECT VERSION() AS version");
  const text = String(row?.["version"] ?? "");
  // Some MariaDB servers still say 5.5.5- before their own version, for the sake of old replicas.
  const version = /\d+\.\d+\.\d+/.exec(text.replace(/^5\.5\.5-/, ""))?.[0] ?? "0.0.0";
  return { flavor: /mariadb/i.test(text) ? "MariaDB" : "MySQL", version };
}

export async function mysqlRows(knex: Knex, sql: string, bindings: readonly string[] = []): Promise<Record<string, unknown>[]> {
  const [rows] = (await knex.raw(sql, bindings)) as [Record<string, unknown>[]];
  return rows;
}
