import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { type MysqlTarget } from "./credentials.js";
import { findTool, type Flavor, type Tool } from "./find-program.js";
import type { ServerFacts } from "./server-facts.js";

/** What the drivers for MySQL and MariaDB work with. */
export interface MysqlContext {
  readonly target: MysqlTarget;
  /** With the account that may change the schema. */
  readonly knex: Knex;
  /** Exists, mode 0700: files of the moment. */
  readonly workDir: string;
  /** Where programs are looked for. */
  readonly path: string;
  readonly server: ServerFacts;
  /** What each session of a restore sends first, without its semicolon; no two at a time have the same number, from 0 on. */
  readonly sessionSql: ((session: number) => string) | null;
}

const DUMPERS = { MariaDB: ["mariadb-dump", "mysqldump"], MySQL: ["mysqldump", "mariadb-dump"] } as const;
const CLIENTS = { MariaDB: ["mariadb", "mysql"], MySQL: ["mysql", "mariadb"] } as const;
/** Debian's packages. */
const PACKAGES = { MariaDB: "mariadb-client", MySQL: "mysql-client" } as const;

/** The program that dumps, the server's own kind first. Null: there is none. */
export function findDumper(flavor: Flavor, path: string): Promise<Tool | null> {
  return findTool(DUMPERS[flavor], flavor, path);
}

export function findClient(flavor: Flavor, path: string): Promise<Tool | null> {
  return findTool(CLIENTS[flavor], flavor, path);
}

/** Throws `ERR_UPGATE_BACKUP_TOOL`. */
export function requireTool(tool: Tool | null, flavor: Flavor, task: "dump" | "client"): Tool {
  if (tool !== null) return tool;
  const names = (task === "dump" ? DUMPERS : CLIENTS)[flavor].join(" or ");
  throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", `The program ${names} is not installed.`, { remedy: missingToolRemedy(flavor) });
}

export function missingToolRemedy(flavor: Flavor): string {
  return `Install the package ${PACKAGES[flavor]}; or make a backup yourself, then go on with “I Have a Backup”.`;
}
