import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { connectStore, databaseName, type DatabaseSource } from "../store/connect.js";
import { driverMessage, factsOf } from "../store/driver-errors.js";
import { emptyDatabase } from "../store/empty-database.js";
import { listTables } from "../store/tables.js";
import { elsewhere, type ScratchPlace, serverConfig } from "../store/scratch-place.js";
import type { UpgradeContext } from "./context.js";

/** A copy's place: on the same server, or beside the data. */
export interface ScratchDatabase {
  /** As a backup driver wants it: the database's name, or the file's path. */
  readonly name: string;
  readonly place: ScratchPlace;
  /** The account that may change the schema, in the scratch database. */
  readonly source: DatabaseSource;
  /** Leaves it as it was found: gone, or empty. */
  drop(): Promise<void>;
}

/** Says of a database that upgate may empty it, and whether upgate has made it. */
const MARK = "upgate_scratch";
/** MySQL's bound for a database's name. */
const LONGEST_NAME = 64;
/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const DENIED = new Set([1044, 1142, 1227]);

/**
 * An empty database of upgate's own for one use at a time. On MySQL one that an administrator made beforehand will do, if it is
 * empty. Throws `ERR_UPGATE_SCRATCH_DATABASE`, also when another process uses it.
 */
export async function openScratch({ settings, store }: UpgradeContext): Promise<ScratchDatabase> {
  const source = store.source.admin ?? store.source;
  if (source.dialect === "sqlite") return scratchFile(source, path.join(settings.dataDir, "scratch"));
  const live = databaseName(source) ?? databaseName(store.source) ?? "upgate";
  const name = settings.options.backup.scratchDatabase ?? `${live.slice(0, LONGEST_NAME - "_rehearsal".length)}_rehearsal`;
  if (name === live) throw unusable(`The option backup.scratchDatabase names the application's own database, ${name}.`);
  return scratchOnServer(source, name, live);
}

function scratchFile(source: DatabaseSource, folder: string): ScratchDatabase {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeLeftovers(folder);
  const filename = path.join(folder, `${process.pid}-${randomBytes(4).toString("hex")}.db`);
  const place = { dialect: "sqlite", filename } as const;
  return {
    name: filename,
    place,
    source: placedIn(source, place),
    drop: async () => {
      for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(filename + suffix, { force: true });
    },
  };
}

/** Of processes that were killed. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^(\d+)-[0-9a-f]{8}\.db/.exec(name)?.[1]);
    if (pid > 0 && !isRunning(pid)) rmSync(path.join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function placedIn(source: DatabaseSource, place: ScratchPlace): DatabaseSource {
  const config = { ...source.config, connection: elsewhere(source.config.connection, place) };
  return { ...source, config, instance: null, admin: null, label: `a copy of ${source.label}` };
}

async function scratchOnServer(source: DatabaseSource, name: string, live: string): Promise<ScratchDatabase> {
  const server = connectStore({ ...source, config: serverConfig(source.config) });
  const place = { dialect: "mysql", database: name } as const;
  const inScratch = placedIn(source, place);
  let holder: object | null = null;
  const close = async (): Promise<void> => {
    if (holder !== null) await server.client.releaseConnection(holder);
    await server.destroy();
  };
  try {
    holder = (await server.client.acquireConnection()) as object;
    await claim(server, holder, name);
    await ensureDatabase(server, name, live);
    const knex = connectStore(inScratch);
    try {
      await refuseForeign(knex, name);
      await emptyDatabase(knex, [MARK]);
    } finally {
      await knex.destroy();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { name, place, source: inScratch, drop: () => leave(server, inScratch, name).finally(close) };
}

/** The lock lives as long as that connection, so that a process that dies leaves nothing. */
async function claim(server: Knex, holder: object, name: string): Promise<void> {
  const lock = `upgate:scratch:${name}`.slice(0, 64);
  const [rows] = (await server.raw("SELECT GET_LOCK(?, 0) AS claimed", [lock]).connection(holder)) as [{ claimed: number }[]];
  if (Number(rows[0]?.claimed) !== 1)
    throw unusable(`The scratch database ${name} is in use by another process.`, "Wait until that has finished, then try again.");
}

async function ensureDatabase(server: Knex, name: string, live: string): Promise<void> {
  const row: { charset: string; collation: string } | undefined = await server("information_schema.schemata")
    .where({ schema_name: live })
    .first({ charset: "default_character_set_name", collation: "default_collation_name" });
  const there: unknown = await server("information_schema.schemata").where({ schema_name: name }).first("schema_name");
  if (there !== undefined) return;
  try {
    const charset = row ? ` CHARACTER SET ${row.charset} COLLATE ${row.collation}` : "";
    await server.raw(`CREATE DATABASE ??${charset}`, [name]);
    await server.raw(`CREATE TABLE ??.?? (made INTEGER NOT NULL PRIMARY KEY)`, [name, MARK]);
    await server.raw(`INSERT INTO ??.?? VALUES (1)`, [name, MARK]);
  } catch (cause) {
    if (!DENIED.has(Number(factsOf(cause).errno))) throw cause;
    throw unusable(`The scratch database ${name} can't be made by this account: ${driverMessage(cause)}`, adminRemedy(name), cause);
  }
}

async function refuseForeign(knex: Knex, name: string): Promise<void> {
  try {
    const tables = await listTables(knex, "mysql");
    if (tables.length > 0 && !tables.includes(MARK))
      throw unusable(
        `The database ${name} holds tables that upgate did not put there, ${tables[0]} for one.`,
        "Empty it, or name another one with the option backup.scratchDatabase. upgate never empties a database that it does not know.",
      );
    if (tables.length > 0) return;
    await knex.raw(`CREATE TABLE ?? (made INTEGER NOT NULL PRIMARY KEY)`, [MARK]);
  } catch (cause) {
    if (!DENIED.has(Number(factsOf(cause).errno))) throw cause;
    throw unusable(`The scratch database ${name} can't be used by this account: ${driverMessage(cause)}`, adminRemedy(name), cause);
  }
}

async function leave(server: Knex, inScratch: DatabaseSource, name: string): Promise<void> {
  const made: unknown[] = await server.select("made").from(server.raw("??.??", [name, MARK]));
  if (made.length > 0) return void (await server.raw("DROP DATABASE ??", [name]));
  const knex = connectStore(inScratch);
  try {
    await emptyDatabase(knex, []);
  } finally {
    await knex.destroy();
  }
}

function adminRemedy(name: string): string {
  const pattern = name.replaceAll("_", "\\_");
  return `Have an administrator run once: CREATE DATABASE \`${name}\`; GRANT ALL ON \`${pattern}\`.* TO <the application's account>;`;
}

function unusable(message: string, remedy?: string, cause?: unknown): UpgateError {
  return new UpgateError("ERR_UPGATE_SCRATCH_DATABASE", message, { cause, ...(remedy === undefined ? {} : { remedy }) });
}
