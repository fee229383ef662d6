import type { Knex } from "knex";
import type { BackupDriver, BackupManifest, BackupTarget, BackupTool, HostBackupDriver } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { dumpDriver } from "./dump-driver.js";
import { hostDriver } from "./host-driver.js";
import { mydumperDriver } from "./mydumper-driver.js";
import { readMydumperFacts } from "./mydumper-facts.js";
import { mydumperRefusal, NOT_FOR_SQLITE, refusedTool } from "./mydumper-limits.js";
import { missingToolRemedy, type MysqlContext, requireTool } from "./mysql-context.js";
import { readServerFacts } from "./server-facts.js";
import { sqliteDriver } from "./sqlite-driver.js";
import { foreignTool, readToolFacts } from "./tool-check.js";

export interface BackupDriverOptions {
  readonly target: BackupTarget;
  /** A connection to the database with the account that may change the schema; for SQLite a pool of one. */
  readonly knex: Knex;
  /** Absolute path of an existing folder, mode 0700, for files of the moment. */
  readonly workDir: string;
  /** The host's own driver; null: upgate's. */
  readonly host: HostBackupDriver | null;
  /** Default: this process's. */
  readonly env?: { readonly PATH?: string | undefined };
  /** For a new backup on MySQL and MariaDB. Default `dump`. */
  readonly tool?: BackupTool;
  /**
   * One statement without its semicolon that each session of a restore sends first: `SELECT GET_LOCK('…', 10)`, by which another process
   * finds the session and ends it. `session`: 0 to 7, of those that are open at a time. Default null. MySQL and MariaDB only.
   */
  readonly sessionSql?: ((session: number) => string) | null;
}

/**
 * The driver for a new backup: the host's own; `sqlite`; for MySQL and MariaDB `dump`, or `mydumper` where it is asked for. That one is
 * never chosen by itself: it is the faster on many cores only, locks all tables for a moment, and of its releases one is known here.
 * Throws `ERR_UPGATE_BACKUP_TOOL` where the programs are not installed, or those that are can't do it.
 */
export async function openBackupDriver(options: BackupDriverOptions): Promise<BackupDriver> {
  const { host, target, tool } = options;
  if (host !== null) return hostDriver(host);
  if (target.dialect === "sqlite") {
    if (tool === "mydumper") throw refusedTool(NOT_FOR_SQLITE);
    return sqliteDriver(options, target.filename);
  }
  const context = await mysqlContext(options);
  const facts = await readToolFacts(options.knex, context.path);
  const dumper = requireTool(facts.dumper, context.server.flavor, "dump");
  requireTool(facts.client, context.server.flavor, "client");
  const unfit = foreignTool(facts, dumper);
  if (unfit !== null) throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", unfit, { remedy: missingToolRemedy(context.server.flavor) });
  if (tool !== "mydumper") return dumpDriver(context);
  const refusal = mydumperRefusal(await readMydumperFacts(options.knex, context.path));
  if (refusal !== null) throw refusedTool(refusal);
  return mydumperDriver(context);
}

/** The driver that checks and restores this backup. Throws `ERR_UPGATE_NO_BACKUP_DRIVER` where there is none any more. */
export async function driverFor(manifest: BackupManifest, options: BackupDriverOptions): Promise<BackupDriver> {
  const { host, target } = options;
  if (host !== null && host.name === manifest.driver) return hostDriver(host);
  if (manifest.dialect === target.dialect) {
    if (target.dialect === "sqlite" && manifest.driver === "sqlite") return sqliteDriver(options, target.filename);
    if (manifest.driver === "dump") return dumpDriver(await mysqlContext(options));
    if (manifest.driver === "mydumper") return mydumperDriver(await mysqlContext(options));
  }
  throw new UpgateError(
    "ERR_UPGATE_NO_BACKUP_DRIVER",
    `Backup ${manifest.id} was made by the driver ${manifest.driver} for ${manifest.dialect}, which is not there.`,
    { remedy: "Restore it with the tool that made it, or set the options of the time when it was made." },
  );
}

async function mysqlContext({ target, knex, workDir, env, sessionSql }: BackupDriverOptions): Promise<MysqlContext> {
  if (target.dialect !== "mysql") throw new TypeError("A target on MySQL or MariaDB is needed.");
  const path = (env ?? process.env)["PATH"] ?? "";
  return { target, knex, workDir, path, server: await readServerFacts(knex), sessionSql: sessionSql ?? null };
}
