import { existsSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import { messageOf, UpgateError } from "../../core/errors.js";
import type { MigrationFile } from "../../core/migration.js";
import { connectStore, databaseSource, type DatabaseSource } from "../../store/connect.js";
import { driverMessage } from "../../store/driver-errors.js";
import { isOwnTable, listTables } from "../../store/tables.js";
import { findVersionRows, type FoundVersionRow } from "./version-row-search.js";

/** What `migrations.tableName` is when a knex configuration does not say. */
const KNEX_TABLE = "knex_migrations";

/** knex's own history beside the migrations on disk. */
export interface KnexHistory {
  readonly table: string;
  readonly rows: number;
  readonly onDisk: number;
  /** Migrations on disk that the table does not hold, by name without extension. */
  readonly missing: readonly string[];
}

export type DatabaseFacts =
  | { readonly kind: "unnamed" }
  | { readonly kind: "absent" | "unreachable"; readonly label: string; readonly reason: string }
  | {
      readonly kind: "read";
      readonly label: string;
      /** Tables that are neither upgate's nor knex's. */
      readonly tables: number;
      readonly versionRows: readonly FoundVersionRow[];
      readonly history: KnexHistory | null;
      /** upgate has a history there already. */
      readonly isKnown: boolean;
    };

/** Where the project's database is. Throws `ERR_UPGATE_PROJECT` for one that upgate does not work on. */
export function projectDatabase(database: string | Knex.Config, folder: string): DatabaseSource {
  try {
    return databaseSource(database, folder);
  } catch (cause) {
    const client = typeof database === "string" ? database.slice(0, database.indexOf(":")) : String(database.client);
    throw new UpgateError("ERR_UPGATE_PROJECT", `The project's database is of the kind "${client}": ${messageOf(cause)}`, {
      cause,
      ...(cause instanceof UpgateError && cause.code === "ERR_UPGATE_DRIVER_MISSING"
        ? { remedy: cause.remedy }
        : { remedy: "upgate can't be used with this database." }),
    });
  }
}

/** Looks at the database; never creates anything. One that can't be reached is a fact, no error. */
export async function readDatabase(source: DatabaseSource, files: readonly MigrationFile[]): Promise<DatabaseFacts> {
  const { label, config, dialect } = source;
  const { filename } = Object(config.connection) as { filename?: unknown };
  if (dialect === "sqlite" && typeof filename === "string" && !existsSync(path.resolve(filename)))
    return { kind: "absent", label, reason: "the file is not there yet" };
  let knex: Knex | null = null;
  try {
    knex = connectStore(source);
    const tables = await listTables(knex, dialect);
    const table = String(config.migrations?.tableName ?? KNEX_TABLE);
    const foreign = tables.filter((name) => !isOwnTable(name) && name !== table && name !== `${table}_lock`);
    return {
      kind: "read",
      label,
      tables: foreign.length,
      versionRows: await findVersionRows(knex, dialect, foreign),
      history: tables.includes(table) ? compareHistory(table, await knex(table).pluck<string[]>("name"), files) : null,
      isKnown: tables.includes("upgate_migration"),
    };
  } catch (error) {
    return { kind: "unreachable", label, reason: driverMessage(error) };
  } finally {
    await knex?.destroy();
  }
}

/** knex records names with their extension, and a compiled migration's is another than its source's. */
export function compareHistory(table: string, recorded: readonly string[], files: readonly Pick<MigrationFile, "name">[]): KnexHistory {
  const names = new Set(recorded.map((name) => name.replace(/\.\w+$/, "")));
  return {
    table,
    rows: recorded.length,
    onDisk: files.length,
    missing: files.map(({ name }) => name).filter((name) => !names.has(name)),
  };
}
