import type { Knex } from "knex";
import type { BackupDriver, BackupManifest, BackupTarget, HostBackupDriver } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { dumpDriver } from "./dump-driver.js";
import { hostDriver } from "./host-driver.js";
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
  /**
   * One statement without its semicolon that each session of a restore sends first: `SELECT GET_LOCK('…', 0)`, by which another process
   * finds the session and ends it. Default null. MySQL and MariaDB only.
   */
  readonly sessionSql?: string | null;
}

/**
 * The driver for a new backup: the host's own; `sqlite`; for MySQL and MariaDB `dump`. Not mydumper, though it is faster: 0.10.0, which
 * Debian 12 has, crashes on routines and fails on names with backticks, and it locks all tables for a moment (measured 2026-11). Throws `ERR_UPGATE_BACKUP_TOOL` where the
 * server's programs are not installed, or those that are can't do it.
 */
export async function openBackupDriver(options: BackupDriverOptions): Promise<BackupDriver> {
  if (options.host !== null) return hostDriver(options.host);
  if (options.target.dialect === "sqlite") return sqliteDriver(options, options.target.filename);
  const context = await mysqlContext(options);
  const facts = await readToolFacts(options.knex, context.path);
  const dumper = requireTool(facts.dumper, context.server.flavor, "dump");
  requireTool(facts.client, context.server.flavor, "client");
  const unfit = foreignTool(facts, dumper);
  if (unfit === null) return dumpDriver(context);
  throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", unfit, { remedy: missingToolRemedy(context.server.flavor) });
}

/** The driver that checks and restores this backup. Throws `ERR_UPGATE_NO_BACKUP_DRIVER` where there is none any more. */
export async function driverFor(manifest: BackupManifest, options: BackupDriverOptions): Promise<BackupDriver> {
  const { host, target } = options;
  if (host !== null && host.name === manifest.driver) return hostDriver(host);
  if (manifest.dialect === target.dialect) {
    if (target.dialect === "sqlite" && manifest.driver === "sqlite") return sqliteDriver(options, target.filename);
    if (manifest.driver === "dump") return dumpDriver(await mysqlContext(options));
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
