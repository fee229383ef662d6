import type { Knex } from "knex";
import type { VersionRowOptions } from "../core/options.js";
import type { Lease, RunDrain, RunError, RunGoal, RunPhase, RunStatus, RunKind } from "../core/run.js";
import type { StateRun, VersionRowFact } from "../core/version-state.js";
import type { Dialect } from "./connect.js";
import { isLockWaitTimeout, isMissingTable, orAbsent } from "./driver-errors.js";
import { readHistory } from "./history.js";
import { type LeaseRow, leaseFromRow, readLease } from "./lease.js";
import { readActiveRun } from "./runs.js";
import { baseName, isOwnTable, LEASE_NAME, listTables, PROTOCOL } from "./tables.js";
import { readVersionRow, versionColumns, type VersionColumns, versionFact } from "./version-row.js";

/** All of the state that changes, as one query reads it. */
export interface Snapshot {
  readonly versionRow: VersionRowFact;
  /** The active run, drafts included. */
  readonly run: StateRun | null;
  readonly lease: Lease | null;
  readonly newerProtocol: boolean;
  /** Changes with every migration that knex itself applies or takes back; null where its table is not asked for. */
  readonly knexRows: string | null;
}

interface SnapshotRow extends VersionColumns, Omit<LeaseRow, "name" | "protocol"> {
  run_id: string | null;
  run_kind: RunKind;
  from_version: string | null;
  to_version: string;
  status: RunStatus;
  goal: RunGoal;
  phase: RunPhase;
  epoch: number;
  drain: RunDrain;
  error: string | null;
  run_started_at: string | null;
  run_protocol: number | null;
  lease_protocol: number | null;
  knex_last: number | null;
  knex_count: number | string | null;
}

/**
 * One query where upgate's tables exist; where some are missing, each that exists is read. Never creates anything.
 * `knexTable`: the table of knex's own migrator, while that may still be in use. `lastRow`: the version row as it was read last; it counts
 * while a migration changes that very table, which keeps readers out.
 */
export async function readSnapshot(
  knex: Knex,
  versionRow: VersionRowOptions,
  timeoutMs: number,
  knexTable: string | null = null,
  lastRow: VersionRowFact | null = null,
): Promise<Snapshot> {
  try {
    return await readAtOnce(knex, versionRow, timeoutMs, knexTable);
  } catch (error) {
    if (isMissingTable(error)) return readPiecemeal(knex, () => readVersionRow(knex, versionRow));
    if (lastRow !== null && isLockWaitTimeout(error)) return readPiecemeal(knex, async () => lastRow);
    throw error;
  }
}

async function readAtOnce(knex: Knex, versionRow: VersionRowOptions, timeoutMs: number, knexTable: string | null): Promise<Snapshot> {
  const rows: SnapshotRow[] = await knex
    .select({
      ...versionColumns(knex, versionRow),
      knex_last: knexTable === null ? knex.raw("null") : knex(knexTable).max("id"),
      knex_count: knexTable === null ? knex.raw("null") : knex(knexTable).count("id"),
      run_id: "r.id",
      run_kind: "r.kind",
      from_version: "r.from_version",
      to_version: "r.to_version",
      status: "r.status",
      goal: "r.goal",
      phase: "r.phase",
      epoch: "r.epoch",
      drain: "r.drain",
      error: "r.error",
      run_started_at: "r.started_at",
      run_protocol: "r.protocol",
      host: "l.host",
      host_id: "l.host_id",
      pid: "l.pid",
      started_ticks: "l.started_ticks",
      token: "l.token",
      beat: "l.beat",
      acquired_at: "l.acquired_at",
      lease_protocol: "l.protocol",
    })
    .from(knex.raw("(select 1 as one) as o"))
    .joinRaw("left join upgate_lease l on l.name = ?", [LEASE_NAME])
    .joinRaw("left join upgate_run r on r.active = 1")
    .joinRaw("left join ?? as v on ?? = ?", [versionRow.table, `v.${versionRow.keyColumn}`, versionRow.key])
    .timeout(timeoutMs);
  const row = rows[0] as SnapshotRow;
  const run =
    row.run_id === null
      ? null
      : {
          id: row.run_id,
          kind: row.run_kind,
          fromVersion: row.from_version,
          toVersion: row.to_version,
          status: row.status,
          goal: row.goal,
          phase: row.phase,
          epoch: Number(row.epoch),
          drain: row.drain,
          startedAt: row.run_started_at,
          error: row.error ? (JSON.parse(row.error) as RunError) : null,
        };
  return {
    versionRow: versionFact(rows, versionRow),
    run,
    lease: row.token === null ? null : leaseFromRow(row),
    newerProtocol: Number(row.run_protocol) > PROTOCOL || Number(row.lease_protocol) > PROTOCOL,
    knexRows: row.knex_count === null ? null : `${row.knex_count} up to ${row.knex_last}`,
  };
}

async function readPiecemeal(knex: Knex, readRow: () => Promise<VersionRowFact>): Promise<Snapshot> {
  return {
    versionRow: await orAbsent(readRow, { kind: "absent" }),
    run: await orAbsent(() => readActiveRun(knex), null),
    lease: await orAbsent(() => readLease(knex), null),
    newerProtocol: false,
    knexRows: null,
  };
}

/** What tells `fresh` from `unversioned`; asked only when there is no version row. */
export interface Traces {
  readonly hasHistory: boolean;
  /** Tables that are neither upgate's own nor those in which knex keeps its history. */
  readonly hasForeignTables: boolean;
  readonly hasKnexTable: boolean;
}

export async function readTraces(knex: Knex, dialect: Dialect, versionRow: VersionRowOptions, knexTable: string): Promise<Traces> {
  const tables = await listTables(knex, dialect);
  const versionTable = baseName(versionRow.table);
  const kept = new Set([versionTable, baseName(knexTable), `${baseName(knexTable)}_lock`]);
  const foreign = tables.some((name) => !isOwnTable(name) && !kept.has(name));
  const othersSettings = tables.includes(versionTable) && (await knex(versionRow.table).first(versionRow.keyColumn)) !== undefined;
  return {
    hasHistory: (await readHistoryOrNone(knex)).length > 0,
    hasForeignTables: foreign || othersSettings,
    hasKnexTable: tables.includes(baseName(knexTable)),
  };
}

/** Absent table = empty history. */
export function readHistoryOrNone(knex: Knex): ReturnType<typeof readHistory> {
  return orAbsent(() => readHistory(knex), []);
}
