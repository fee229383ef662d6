import { statSync } from "node:fs";
import type { Knex } from "knex";
import { askProgram, findProgram, type Flavor } from "./find-program.js";
import { mysqlRows } from "./server-facts.js";

/** mydumper, as it is installed here. */
export interface Mydumper {
  readonly file: string;
  /** `0.10.0`. */
  readonly version: string;
  /** Whose library it connects with: that decides about its settings. */
  readonly flavor: Flavor;
}

/** What decides whether mydumper reads a database as it is; plain values. */
export interface MydumperFacts {
  readonly program: Mydumper | null;
  readonly database: string;
  /** Names of the tables that have rows, sequences left out. */
  readonly tables: readonly string[];
  /** Those of their columns that it may not cope with. */
  readonly columns: readonly { readonly table: string; readonly column: string; readonly extra: string }[];
  /** Null: the account has roles, and so it is not known. */
  readonly mayLock: boolean | null;
}

export async function readMydumperFacts(knex: Knex, path: string): Promise<MydumperFacts> {
  const [place] = await mysqlRows(knex, "SELECT DATABASE() AS name");
  const tables = await mysqlRows(
    knex,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type NOT IN ('VIEW', 'SEQUENCE')",
  );
  const columns = await mysqlRows(
    knex,
    "SELECT table_name AS name, column_name AS part, extra AS more FROM information_schema.columns WHERE table_schema = DATABASE() " +
      "AND (extra LIKE '%INVISIBLE%' OR extra LIKE '%DEFAULT_GENERATED%' OR column_name LIKE '%`%')",
  );
  const names = new Set(tables.map(({ name }) => String(name)));
  return {
    program: await findMydumper(path),
    database: String(place?.["name"]),
    tables: [...names],
    // The columns of views are there, too.
    columns: columns
      .map(({ name, part, more }) => ({ table: String(name), column: String(part), extra: String(more) }))
      .filter(({ table }) => names.has(table)),
    mayLock: await mayLockAll(knex),
  };
}

/** By file, size and time of change. */
const known = new Map<string, Mydumper>();

export async function findMydumper(path: string): Promise<Mydumper | null> {
  const file = findProgram("mydumper", path);
  if (file === null) return null;
  const { size, mtimeMs } = statSync(file);
  const key = `${file} ${size} ${mtimeMs}`;
  const program = known.get(key) ?? { file, ...readMydumperVersion(await askProgram(file, "--version", path)) };
  known.set(key, program);
  return program;
}

/** Of what `--version` prints: `mydumper 0.10.0, built against MySQL 10.11.14`, and that is MariaDB's library. */
export function readMydumperVersion(text: string): Pick<Mydumper, "version" | "flavor"> {
  const [, version = "0.0.0", library = "0"] = /(\d+\.\d+\.\d+).*?built against \D*(\d+)/s.exec(text) ?? /(\d+\.\d+\.\d+)/.exec(text) ?? [];
  return { version, flavor: /mariadb/i.test(text) || Number(library) >= 10 ? "MariaDB" : "MySQL" };
}

async function mayLockAll(knex: Knex): Promise<boolean | null> {
  const grants = (await mysqlRows(knex, "SHOW GRANTS")).flatMap((row) => Object.values(row).map(String));
  if (grants.some((grant) => /^GRANT .*\b(?:ALL PRIVILEGES|RELOAD|FLUSH_TABLES)\b.* ON \*\.\* /.test(grant))) return true;
  return grants.every((grant) => / ON \S/.test(grant)) ? false : null;
}
