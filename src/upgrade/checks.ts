import type { Knex } from "knex";
import semver from "semver";
import type { Check } from "../core/check.js";
import type { VersionState } from "../core/version-state.js";
import { attempt } from "./attempt.js";
import { backupSpaceCheck, backupToolsCheck, lastBackupCheck } from "./backup-checks.js";
import type { UpgradeContext } from "./context.js";
import { privilegesCheck } from "./database-checks.js";
import { applicationFolder, enginesCheck } from "./engines-check.js";
import { feedGroups } from "./feed/feed-groups.js";
import { filesChecks, PAGE_AGE_MS } from "./files-checks.js";
import { dataDirCheck, freeSpaceCheck } from "./folder-checks.js";
import { readHostChecks } from "./host-checks.js";
import { installFolderChecks } from "./install-folder.js";
import { readMigrationFilesCheck } from "./migration-files.js";
import { ownChecks, type OwnProcess, readNodesCheck } from "./node-checks.js";
import { probedPrivilegesCheck } from "./privilege-probe.js";
import { isSealed } from "./seal.js";
import { serverChecks } from "./server-checks.js";

/** The oldest servers that upgate is tested for; older ones may work. */
const OLDEST_MARIADB = "10.6.1";
const OLDEST_MYSQL = "8.0.0";
const OLDEST_NODE = "20.19.0";

export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** Everything that System Health shows. `trouble`: why this node can't write its row. Reads only; a check that can't be made is a danger with the cause, not an exception. */
export async function readHealth(context: UpgradeContext, state: VersionState, own: OwnProcess): Promise<CheckGroup[]> {
  return [
    {
      title: "Release",
      checks: [
        versionCheck(state),
        pendingCheck(state),
        await attempt("migration-files", "Migration files", () => readMigrationFilesCheck(context)),
        ...(await filesChecks(context, PAGE_AGE_MS)),
      ],
    },
    ...(await feedGroups(context)),
    { title: "Database", checks: await databaseChecks(context, { probe: false }) },
    {
      title: "Server",
      checks: [
        nodeCheck(),
        enginesCheck(applicationFolder(context.settings)),
        await attempt("nodes", "Nodes", () => readNodesCheck(context)),
        ...ownChecks(own),
        dataDirCheck(context.settings.dataDir),
        freeSpaceCheck(context.settings.dataDir),
      ],
    },
    {
      title: "Safety",
      checks: [
        await attempt("backup", "Last backup", () => lastBackupCheck(context)),
        await attempt("backup-tool", "Backup program", () => backupToolsCheck(context)),
        await attempt("backup-space", "Room for a backup", () => backupSpaceCheck(context)),
        await attempt("installer", "Installer", () => installerCheck(context, state)),
        ...installFolderChecks(context.settings),
      ],
    },
    ...(await hostGroups(context)),
  ];
}

/** The vendor's own checks; no group where there are none. */
export async function hostGroups(context: UpgradeContext): Promise<CheckGroup[]> {
  const checks = await readHostChecks(context);
  return checks.length === 0 ? [] : [{ title: "Application", checks }];
}

export function versionCheck(state: VersionState): Check {
  const versions = `Files ${state.codeVersion}, database ${state.installedVersion ?? "without a version"}.`;
  const fine = state.kind === "current" && state.remedy === "Nothing to do.";
  return {
    id: "version",
    title: "Version",
    severity: fine ? "ok" : state.kind === "current" ? "info" : "danger",
    message: fine ? `${state.reason} ${versions}` : `${versions} ${state.reason}`,
    remedy: fine ? null : state.remedy,
  };
}

export function pendingCheck({ pending }: VersionState): Check {
  return pending.length === 0
    ? { id: "pending-migrations", title: "Pending migrations", severity: "ok", message: "None.", remedy: null }
    : {
        id: "pending-migrations",
        title: "Pending migrations",
        severity: "warning",
        message: `${pending.length}: ${pending.slice(0, 10).join(", ")}${pending.length > 10 ? ", …" : ""}`,
        remedy: "Open /install.",
      };
}

/** `probe`: tries the privileges on a scratch table, instead of reading what was granted. Never rejects. */
export async function databaseChecks({ store }: UpgradeContext, { probe }: { readonly probe: boolean }): Promise<Check[]> {
  const isMysql = store.dialect === "mysql";
  const { knex } = store;
  // Before the others: a look into the catalogue would keep the probe waiting for a lock, and that is one of the things looked for.
  const privileges = await (probe ? probedPrivilegesCheck(store) : attempt("privileges", "Privileges", () => privilegesCheck(store)));
  const [named, others] = await Promise.all([
    Promise.all([
      attempt("database-server", "Database server", () => (isMysql ? mysqlServerCheck(knex) : sqliteServerCheck(knex))),
      attempt("database-charset", "Character set", () => (isMysql ? mysqlCharsetCheck(knex) : sqliteEncodingCheck(knex))),
    ]),
    serverChecks(store),
  ]);
  return [...named, privileges, ...others];
}

async function mysqlServerCheck(knex: Knex): Promise<Check> {
  const row: { version: string } = await knex.first(knex.raw("version() as version"));
  const isMariaDb = /mariadb/i.test(row.version);
  const oldest = isMariaDb ? OLDEST_MARIADB : OLDEST_MYSQL;
  const version = semver.coerce(row.version)?.version ?? "0.0.0";
  const old = semver.lt(version, oldest);
  return {
    id: "database-server",
    title: "Database server",
    severity: old ? "warning" : "ok",
    message: `${isMariaDb ? "MariaDB" : "MySQL"} ${version}`,
    remedy: old ? `upgate is tested from ${isMariaDb ? "MariaDB" : "MySQL"} ${oldest}: have the server upgraded.` : null,
  };
}

async function mysqlCharsetCheck(knex: Knex): Promise<Check> {
  const row: { charset: string; collation: string } = await knex.first(
    knex.raw("@@character_set_database as charset, @@collation_database as collation"),
  );
  const good = row.charset === "utf8mb4";
  return {
    id: "database-charset",
    title: "Character set",
    severity: good ? "ok" : "warning",
    message: `${row.charset}, collation ${row.collation}`,
    remedy: good ? null : "Names and texts with emoji or rare letters need utf8mb4; ask your vendor before you convert.",
  };
}

async function sqliteServerCheck(knex: Knex): Promise<Check> {
  const row: { version: string } = await knex.first(knex.raw("sqlite_version() as version"));
  return { id: "database-server", title: "Database server", severity: "ok", message: `SQLite ${row.version}`, remedy: null };
}

async function sqliteEncodingCheck(knex: Knex): Promise<Check> {
  const [row] = (await knex.raw("PRAGMA encoding")) as { encoding: string }[];
  return {
    id: "database-charset",
    title: "Character set",
    severity: "ok",
    message: `${row?.encoding ?? "unknown"}, collation BINARY`,
    remedy: null,
  };
}

export function nodeCheck(): Check {
  const old = semver.lt(process.version, OLDEST_NODE);
  return {
    id: "node",
    title: "Node.js",
    severity: old ? "warning" : "ok",
    message: process.version.slice(1),
    remedy: old ? `Install Node.js ${OLDEST_NODE} or later.` : null,
  };
}

async function installerCheck({ store }: UpgradeContext, state: VersionState): Promise<Check> {
  return !(await isSealed(store, state))
    ? {
        id: "installer",
        title: "Installer",
        severity: "warning",
        message: "Open: it answers to whoever has the install key.",
        remedy: "Press Finish on its last page; it also seals itself when its session ends.",
      }
    : { id: "installer", title: "Installer", severity: "ok", message: "Sealed: it answers as if it did not exist.", remedy: null };
}
