import type { Knex } from "knex";
import type { Dialect } from "./connect.js";

/** `MariaDB 10.11.19`, `MySQL 9.7.0`, `SQLite 3.46.0`. */
export async function readServerName(knex: Knex, dialect: Dialect): Promise<string> {
  const expression = dialect === "sqlite" ? "sqlite_version() as version" : "version() as version";
  const { version }: { version: string } = await knex.first(knex.raw(expression));
  if (dialect === "sqlite") return `SQLite ${version}`;
  const number = /^(?:5\.5\.5-)?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? version;
  return `${/mariadb/i.test(version) ? "MariaDB" : "MySQL"} ${number}`;
}
