import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import knexFactory, { type Knex } from "knex";
import mysql from "mysql2/promise";

interface Statement {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** Applies a folder's migrations, but for those in another one; returns their statements, in order. */
export async function recordStatements(url: string, folder: string, earlier: string | null): Promise<Statement[]> {
  const statements: Statement[] = [];
  const knex = knexFactory({ client: "mysql2", connection: url });
  knex.on("query", ({ sql, bindings }: Statement) => void statements.push({ sql, bindings }));
  const require = createRequire(path.join(folder, "index.js"));
  try {
    const applied = new Set(earlier === null ? [] : readdirSync(earlier));
    const names = readdirSync(folder).filter((name) => !applied.has(name));
    for (const name of names.toSorted()) await (require(`./${name}`) as { up(knex: Knex): Promise<void> }).up(knex);
  } finally {
    await knex.destroy();
  }
  return statements;
}

/** Everybody's bookkeeping is everybody's own. */
const BOOKKEEPING = /^(?:upgate_.*|tbl_config|knex_migrations.*|umzug_migration)$/;

export async function serverVersion(url: string): Promise<string> {
  const [row] = await query(url, "select version() as version");
  return String(row?.["version"]);
}

/** Equal for two databases whose migrations have left the same tables, indexes and rows. */
export async function fingerprint(url: string): Promise<string> {
  const isKept = (row: Row): boolean => !BOOKKEEPING.test(String(row["name"]));
  const columns = (await query(url, COLUMNS)).filter(isKept);
  const indexes = (await query(url, INDEXES)).filter(isKept);
  const tables = [...new Set(columns.map((row) => `\`${String(row["name"])}\``))];
  const sums = (await query(url, `checksum table ${tables.join(", ")}`)).map((row) => row["Checksum"]);
  return createHash("sha256")
    .update(JSON.stringify([columns, indexes, sums]))
    .digest("hex");
}

const COLUMNS = `select table_name as name, column_name, column_type, is_nullable, column_default
  from information_schema.columns where table_schema = database() order by table_name, ordinal_position`;
const INDEXES = `select table_name as name, index_name, column_name, non_unique
  from information_schema.statistics where table_schema = database() order by table_name, index_name, seq_in_index`;

/** Of the last run, from upgate's history, which is kept to the ms. */
export async function migrationsMs(url: string): Promise<number> {
  const [row] = await query(
    url,
    "select min(started_at) as began, max(finished_at) as ended from upgate_migration where run_id = (select id from upgate_run order by started_at desc limit 1)",
  );
  return Date.parse(String(row?.["ended"])) - Date.parse(String(row?.["began"]));
}

/** That the server has been sent since its start, this one included. */
export async function countQueries(url: string): Promise<number> {
  const [row] = await query(url, "show global status like 'Questions'");
  return Number(row?.["Value"]);
}

/** Makes a database for the work and drops it after. */
export async function withDatabase<T>(serverUrl: string, name: string, work: () => Promise<T>): Promise<T> {
  const connection = await mysql.createConnection(serverUrl);
  try {
    await connection.query(`create database ${name}`);
    return await work();
  } finally {
    await connection.query(`drop database if exists ${name}`);
    await connection.end();
  }
}

type Row = Readonly<Record<string, unknown>>;

async function query(url: string, sql: string): Promise<Row[]> {
  const connection = await mysql.createConnection(url);
  try {
    return (await connection.query(sql))[0] as Row[];
  } finally {
    await connection.end();
  }
}
