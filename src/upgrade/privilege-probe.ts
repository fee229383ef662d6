import type { Knex } from "knex";
import type { Check } from "../core/check.js";
import { connectStore } from "../store/connect.js";
import { driverMessage, isBusy, isReadOnlyServer } from "../store/driver-errors.js";
import { probeMysql, type ProbeResult, probeSqlite } from "../store/probe-table.js";
import type { Store } from "../store/store.js";
import { attempt } from "./attempt.js";
import { readMissingPrivileges } from "./database-checks.js";
import type { MissingPrivileges } from "./privileges.js";

const COMMON = { id: "privileges", title: "Privileges" };

/** A probe changes the schema for a moment: what it has shown holds for a while, ms. */
const REMEMBERED_MS = 60_000;
/** Whoever has corrected something looks again soon, ms. */
const TROUBLE_REMEMBERED_MS = 3000;

interface Remembered {
  readonly until: number;
  readonly check: Promise<Check>;
}

/** One for each store of the process; the promise, so that two who ask at once probe once. */
const remembered = new WeakMap<Store, Remembered>();

/**
 * What the account that changes the schema may really do, tried on a scratch table that is dropped again. Remembered for 60 s, or for 3 s where
 * something is missing. Never rejects.
 */
export async function probedPrivilegesCheck(store: Store): Promise<Check> {
  const known = remembered.get(store);
  if (known && store.clock.nowMs() < known.until) return known.check;
  const check = attempt(COMMON.id, COMMON.title, () => probe(store));
  remembered.set(store, { until: store.clock.nowMs() + REMEMBERED_MS, check });
  const { severity } = await check;
  if (severity !== "ok") remembered.set(store, { until: store.clock.nowMs() + TROUBLE_REMEMBERED_MS, check });
  return check;
}

async function probe(store: Store): Promise<Check> {
  const wallMs = Date.parse(store.clock.timestamp());
  try {
    return store.dialect === "sqlite" ? await probedSqlite(store.knex, wallMs) : await probedMysql(store, wallMs);
  } catch (error) {
    if (isBusy(error)) return { ...COMMON, severity: "info", message: "Not tried: another process is writing just now.", remedy: null };
    if (isReadOnlyServer(error) || isReadOnlyFile(error)) return readOnly(error);
    throw error;
  }
}

async function probedSqlite(knex: Knex, wallMs: number): Promise<Check> {
  await probeSqlite(knex, wallMs);
  return { ...COMMON, severity: "ok", message: "Tried: tables can be made, changed and dropped.", remedy: null };
}

/** A connection that is open already goes on with the privileges that it began with. */
async function probedMysql({ source }: Store, wallMs: number): Promise<Check> {
  const knex = connectStore(source.admin ?? source);
  try {
    const result = await probeMysql(knex, wallMs);
    const { database }: { database: string } = await knex.first(knex.raw("database() as `database`"));
    const isBlind = result.denied.includes("CREATE");
    return judgeProbe(result, database, isBlind ? await readMissingPrivileges(knex, database) : null);
  } finally {
    await knex.destroy();
  }
}

const ORDER = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"];

/** `granted`: what lacks by the account's grants, where without a table nothing more could be tried. */
export function judgeProbe({ denied, oftenNeeded, left }: ProbeResult, database: string, granted: MissingPrivileges | null): Check {
  const lacks = new Set([...denied, ...oftenNeeded, ...(granted?.needed ?? []), ...(granted?.oftenNeeded ?? [])]);
  const missing = ORDER.filter((name) => lacks.has(name)).join(", ");
  if (missing === "")
    return { ...COMMON, severity: "ok", message: "Tried: the account may create, alter, index and drop tables.", remedy: null };
  const remains = left === null ? "" : ` The scratch table ${left} could not be dropped again.`;
  const remedy = `As an administrator of the server: GRANT ${missing} ON \`${database}\`.* TO the account.`;
  if (denied.length === 0) {
    const message = `Tried: the account lacks ${missing} on ${database}; only some migrations need that.${remains}`;
    return { ...COMMON, severity: "warning", message, remedy };
  }
  const message = `Tried: the account lacks ${missing} on ${database}.${remains}`;
  return { ...COMMON, severity: "danger", blocking: true, message, remedy };
}

function readOnly(error: unknown): Check {
  return {
    ...COMMON,
    severity: "danger",
    blocking: true,
    message: `Tried: nothing can be written. ${driverMessage(error)}`,
    remedy: "Have the database made writable for the account, then check again.",
  };
}

/** SQLITE_READONLY and its kin. */
function isReadOnlyFile(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return (code?.startsWith("SQLITE_READONLY") ?? false) || /readonly database/i.test(driverMessage(error));
}
