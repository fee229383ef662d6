import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import type { Check, Severity } from "../core/check.js";
import { listTables, OWN_TABLES, PROTOCOL } from "../store/tables.js";
import type { Snapshot } from "../store/snapshot.js";
import type { Store } from "../store/store.js";
import { missingPrivileges, type MissingPrivileges } from "./privileges.js";

/** Clocks that are further apart confuse whoever reads the logs; upgate itself compares none. */
const MOST_CLOCK_DIFFERENCE_MS = 60_000;

/** Of the account that changes the schema, where there are two. */
export async function privilegesCheck(store: Store): Promise<Check> {
  return store.dialect === "mysql" ? store.asAdmin(mysqlPrivilegesCheck) : sqliteFileCheck(store);
}

async function mysqlPrivilegesCheck(knex: Knex): Promise<Check> {
  const { database }: { database: string } = await knex.first(knex.raw("database() as `database`"));
  const { needed, oftenNeeded } = await readMissingPrivileges(knex, database);
  const severity: Severity = needed.length > 0 ? "danger" : oftenNeeded.length > 0 ? "warning" : "ok";
  const missing = [...needed, ...oftenNeeded].join(", ");
  return {
    id: "privileges",
    title: "Privileges",
    severity,
    message:
      severity === "ok"
        ? "The account may create, alter and drop tables."
        : `The account lacks ${missing} on ${database}${severity === "warning" ? "; only some migrations need that" : ""}.`,
    remedy: severity === "ok" ? null : `As an administrator of the server: GRANT ${missing} ON \`${database}\`.* TO the account.`,
  };
}

/** By what the account was granted; nothing is tried. */
export async function readMissingPrivileges(knex: Knex, database: string): Promise<MissingPrivileges> {
  return missingPrivileges(await readGrants(knex), database);
}

/** MySQL lists what comes by active roles only where they are named; MariaDB lists it always. */
async function readGrants(knex: Knex): Promise<string[]> {
  const { version }: { version: string } = await knex.first(knex.raw("version() as version"));
  const role = /mariadb/i.test(version) ? null : ((await knex.first(knex.raw("current_role() as role"))) as { role: string | null }).role;
  const using = role === null || role === "NONE" ? "" : ` FOR CURRENT_USER() USING ${role}`;
  const [rows] = (await knex.raw(`SHOW GRANTS${using}`)) as [Record<string, string>[]];
  return rows.map((row) => Object.values(row)[0] ?? "");
}

function sqliteFileCheck({ source }: Store): Check {
  const common = { id: "privileges", title: "Privileges" };
  const { filename } = (source.config.connection ?? {}) as { filename?: string };
  if (filename === undefined) return { ...common, severity: "info", message: "The database is no file of its own.", remedy: null };
  try {
    for (const target of [filename, path.dirname(filename)]) accessSync(target, constants.R_OK | constants.W_OK);
    return { ...common, severity: "ok", message: `${filename} and its folder can be written to.`, remedy: null };
  } catch {
    const remedy = "Give the account that runs the application write access to the file and to its folder.";
    return { ...common, severity: "danger", message: `${filename} or its folder can't be written to.`, remedy };
  }
}

export function versionRowCheck({ versionRow }: Snapshot, { table, key }: Store["versionRow"]): Check {
  const common = { id: "version-row", title: "Version row" };
  switch (versionRow.kind) {
    case "text":
      return { ...common, severity: "ok", message: `${versionRow.text}, in the row "${key}" of ${table}.`, remedy: null };
    case "absent":
      return { ...common, severity: "info", message: `There is no row "${key}" in ${table}.`, remedy: null };
    case "invalid":
      return {
        ...common,
        severity: "danger",
        message: `It can't be used: ${versionRow.problem}`,
        remedy: "Put the installed release's version into the row, or restore it from a backup.",
      };
  }
}

export async function ownTablesCheck({ knex, dialect }: Store, { newerProtocol }: Snapshot): Promise<Check> {
  const common = { id: "own-tables", title: "upgate's tables" };
  const present = new Set(await listTables(knex, dialect));
  const missing = OWN_TABLES.filter((name) => !present.has(name));
  if (newerProtocol) {
    const remedy = "Upload files that contain the newer upgate, then restart the application.";
    return { ...common, severity: "danger", message: `A newer upgate has written to them; this one knows protocol ${PROTOCOL}.`, remedy };
  }
  if (missing.length === 0) return { ...common, severity: "ok", message: `All are there, protocol ${PROTOCOL}.`, remedy: null };
  const what = missing.length === OWN_TABLES.length ? "None is there yet" : `Not there yet: ${missing.join(", ")}`;
  return { ...common, severity: "info", message: `${what}; the application creates them when it starts.`, remedy: null };
}

export async function clockCheck({ knex, dialect, clock }: Store): Promise<Check> {
  const common = { id: "clock", title: "Clock" };
  const message = `${clock.timestamp().slice(0, 19).replace("T", " ")} UTC`;
  if (dialect === "sqlite") return { ...common, severity: "ok", message: `${message}.`, remedy: null };
  const { seconds }: { seconds: number | string } = await knex.first(knex.raw("unix_timestamp(now(3)) as seconds"));
  const differenceMs = Math.abs(Number(seconds) * 1000 - Date.parse(clock.timestamp()));
  return differenceMs <= MOST_CLOCK_DIFFERENCE_MS
    ? { ...common, severity: "ok", message: `${message}, and the database server agrees.`, remedy: null }
    : {
        ...common,
        severity: "warning",
        message: `${message}; the database server's clock is ${Math.round(differenceMs / 1000)} s away.`,
        remedy: "Set both machines' clocks by NTP: times in history and logs are hard to compare otherwise.",
      };
}
