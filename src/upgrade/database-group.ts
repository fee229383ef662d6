import type { Knex } from "knex";
import semver from "semver";
import type { Check, CheckGroup } from "../core/check.js";
import { say } from "../core/say.js";
import { driverMessage } from "../store/driver-errors.js";
import { readSnapshot, type Snapshot } from "../store/snapshot.js";
import { attempt, withinLimit } from "./attempt.js";
import type { UpgradeContext } from "./context.js";
import { clockCheck, ownTablesCheck, privilegesCheck, versionRowCheck } from "./database-checks.js";
import { probedPrivilegesCheck } from "./privilege-probe.js";
import { serverChecks } from "./server-checks.js";

/** The oldest servers that upgate is tested for; older ones may work. */
const OLDEST_MARIADB = "10.6.1";
const OLDEST_MYSQL = "8.0.0";
const TITLE = say("Database");

const READ_TIMEOUT_MS = 5000;

/** The snapshot that other checks judge, or the group that says why there is none: the one thing to know of a database that does not answer. */
export async function readSnapshotOrGroup({ store }: UpgradeContext): Promise<Snapshot | CheckGroup> {
  try {
    return await withinLimit(() => readSnapshot(store.knex, store.versionRow, READ_TIMEOUT_MS), READ_TIMEOUT_MS);
  } catch (error) {
    return { title: TITLE, checks: [unreachable(store.source.label, error)] };
  }
}

function unreachable(label: string, error: unknown): Check {
  const remedy = "Check that the database server runs and that its address, user and password are right.";
  const message = `${label} can't be read: ${driverMessage(error)}`;
  return { id: "database", title: "Connection", severity: "danger", message, remedy };
}

/** Of a database that answers. Never rejects. */
export async function readDatabaseGroup(
  context: UpgradeContext,
  snapshot: Snapshot,
  probing: { readonly probe: boolean },
): Promise<CheckGroup> {
  const { store } = context;
  const connection: Check = {
    id: "database",
    title: "Connection",
    severity: "ok",
    message: `${store.source.label} answers.`,
    remedy: null,
  };
  const reading = databaseChecks(context, probing);
  if (probing.probe) await reading;
  const [checks, ownTables, clock] = await Promise.all([
    reading,
    attempt("own-tables", "upgate's tables", () => ownTablesCheck(store, snapshot)),
    attempt("clock", "Clock", () => clockCheck(store)),
  ]);
  return { title: TITLE, checks: [connection, ...checks, versionRowCheck(snapshot, store.versionRow), ownTables, clock] };
}

/** `probe`: tries the privileges on a scratch table, instead of reading what was granted. Never rejects. */
export async function databaseChecks({ store }: UpgradeContext, { probe }: { readonly probe: boolean }): Promise<Check[]> {
  const isMysql = store.dialect === "mysql";
  const { knex } = store;
  // Before the others: a look into the catalogue would keep the probe waiting for a lock, and that is one of the things looked for.
  const probed = probe ? [await probedPrivilegesCheck(store)] : [];
  const [named, granted, others] = await Promise.all([
    Promise.all([
      attempt("database-server", "Database server", () => (isMysql ? mysqlServerCheck(knex) : sqliteServerCheck(knex))),
      attempt("database-charset", "Character set", () => (isMysql ? mysqlCharsetCheck(knex) : sqliteEncodingCheck(knex))),
    ]),
    probe ? null : attempt("privileges", "Privileges", () => privilegesCheck(store)),
    serverChecks(store),
  ]);
  return [...named, ...probed, ...(granted === null ? [] : [granted]), ...others];
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
