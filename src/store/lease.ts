import type { Knex } from "knex";
import type { Lease, ProcessIdentity } from "../core/run.js";
import { LEASE_NAME, PROTOCOL } from "./tables.js";

export interface LeaseRow {
  name: string;
  host: string | null;
  host_id: string | null;
  pid: number | null;
  started_ticks: string | null;
  token: number;
  beat: number;
  acquired_at: string | null;
  protocol: number;
}

/** Null before the tables exist. */
export async function readLease(knex: Knex): Promise<Lease | null> {
  const row = await knex<LeaseRow>("upgate_lease").where({ name: LEASE_NAME }).first();
  return row ? leaseFromRow(row) : null;
}

export function leaseFromRow(row: Pick<LeaseRow, "host" | "host_id" | "pid" | "started_ticks" | "token" | "beat" | "acquired_at">): Lease {
  const { host, host_id: hostId, pid } = row;
  const holder =
    host !== null && hostId !== null && pid !== null ? { host, hostId, pid: Number(pid), startedTicks: row.started_ticks } : null;
  return { holder, token: Number(row.token), beat: Number(row.beat), acquiredAt: row.acquired_at };
}

/**
 * One autocommitted compare-and-set: takes the lease when it is still as the caller saw it. Null: somebody was faster.
 * Not `GET_LOCK`: on a Galera cluster two nodes both get it, and behind a pooler it is lost.
 */
export async function takeLease(knex: Knex, seen: Lease, taker: ProcessIdentity, timestamp: string): Promise<Lease | null> {
  const token = seen.token + 1;
  const taken = await knex<LeaseRow>("upgate_lease")
    .where({ name: LEASE_NAME, token: seen.token, beat: seen.beat })
    .update({
      ...holderColumns(taker),
      token,
      beat: 0,
      acquired_at: timestamp,
      protocol: PROTOCOL,
    });
  return taken > 0 ? { holder: taker, token, beat: 0, acquiredAt: timestamp } : null;
}

/** The holder gives the lease to the process that goes on with the run. */
export async function handOverLease(knex: Knex, token: number, taker: ProcessIdentity, timestamp: string): Promise<Lease | null> {
  const taken = await knex<LeaseRow>("upgate_lease")
    .where({ name: LEASE_NAME, token })
    .whereNotNull("host")
    .update({ ...holderColumns(taker), token: token + 1, beat: 0, acquired_at: timestamp, protocol: PROTOCOL });
  return taken > 0 ? { holder: taker, token: token + 1, beat: 0, acquiredAt: timestamp } : null;
}

/**
 * False: the lease is somebody else's now. Inside a transaction it is the fence: it locks the row until the commit. Plain
 * SQL, because there it runs on the host's knex, whose `wrapIdentifier` must not matter.
 */
export async function beatLease(knex: Knex, token: number): Promise<boolean> {
  const answer: unknown = await knex.raw("UPDATE upgate_lease SET beat = beat + 1 WHERE name = ? AND token = ? AND host IS NOT NULL", [
    LEASE_NAME,
    token,
  ]);
  return (affectedRows(answer) ?? (await changesOfSqlite(knex))) > 0;
}

/** mysql2 answers `[header, fields]`, better-sqlite3 and libsql `{ changes }`, sqlite3 nothing. */
function affectedRows(answer: unknown): number | undefined {
  const header = (Array.isArray(answer) ? answer[0] : answer) as { affectedRows?: number; changes?: number } | undefined;
  return header?.affectedRows ?? header?.changes;
}

async function changesOfSqlite(knex: Knex): Promise<number> {
  const [row] = (await knex.raw("SELECT changes() AS changes")) as { changes: number }[];
  return row?.changes ?? 0;
}

/**
 * Gives back the lease of a holder that was judged dead; false when it is not as the caller saw it any more: then the holder
 * has beaten after all, or somebody was faster.
 */
export async function freeLease(knex: Knex, seen: Lease): Promise<boolean> {
  const freed = await knex<LeaseRow>("upgate_lease")
    .where({ name: LEASE_NAME, token: seen.token, beat: seen.beat })
    .whereNotNull("host")
    .update({ host: null, host_id: null, pid: null, started_ticks: null, acquired_at: null });
  return freed > 0;
}

export async function releaseLease(knex: Knex, token: number): Promise<void> {
  await knex<LeaseRow>("upgate_lease")
    .where({ name: LEASE_NAME, token })
    .update({ host: null, host_id: null, pid: null, started_ticks: null, acquired_at: null });
}

function holderColumns(taker: ProcessIdentity): Pick<LeaseRow, "host" | "host_id" | "pid" | "started_ticks"> {
  return { host: taker.host, host_id: taker.hostId, pid: taker.pid, started_ticks: taker.startedTicks };
}
