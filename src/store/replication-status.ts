import type { Knex } from "knex";
import { factsOf } from "./driver-errors.js";
import { readNamed } from "./server-settings.js";

/** One source that the server follows. */
export interface ReplicaStatus {
  /** `db-1:3306`. */
  readonly source: string;
  /** Both threads run. */
  readonly isRunning: boolean;
  /** s; null while it does not run. */
  readonly lagSeconds: number | null;
}

/** ER_PARSE_ERROR: a server older than the word. */
const NOT_UNDERSTOOD = 1064;

/** Empty: the server is no replica. Rejects with 1227 where the account may not ask. */
export async function readReplicaStatus(knex: Knex): Promise<ReplicaStatus[]> {
  const { version }: { version: string } = await knex.first(knex.raw("VERSION() AS version"));
  // MariaDB tells of all its sources only by this one.
  const rows = await (/mariadb/i.test(version) ? show(knex, "SHOW ALL SLAVES STATUS") : showReplica(knex));
  return rows.map((row) => {
    const of = (name: string): unknown => row[`Source_${name}`] ?? row[`Master_${name}`];
    const runs = (thread: string): boolean => (row[`Replica_${thread}_Running`] ?? row[`Slave_${thread}_Running`]) === "Yes";
    const lag = row["Seconds_Behind_Source"] ?? row["Seconds_Behind_Master"] ?? null;
    return {
      source: `${String(of("Host"))}:${String(of("Port"))}`,
      isRunning: runs("IO") && runs("SQL"),
      lagSeconds: lag === null ? null : Number(lag),
    };
  });
}

type Row = Readonly<Record<string, unknown>>;

async function showReplica(knex: Knex): Promise<Row[]> {
  try {
    return await show(knex, "SHOW REPLICA STATUS");
  } catch (error) {
    if (factsOf(error).errno === NOT_UNDERSTOOD) return show(knex, "SHOW SLAVE STATUS");
    throw error;
  }
}

async function show(knex: Knex, sql: string): Promise<Row[]> {
  const [rows] = (await knex.raw(sql)) as [Row[]];
  return rows;
}

/** A node's view of its Galera cluster; as the server spells it, empty where it does not say. */
export interface GaleraStatus {
  /** `Primary`: it may be written to. */
  readonly clusterStatus: string;
  /** `Synced`, `Donor/Desynced`, `Joining`, … */
  readonly localState: string;
  readonly isReady: boolean;
  readonly size: number;
}

export async function readGaleraStatus(knex: Knex): Promise<GaleraStatus> {
  const names = ["wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_ready", "wsrep_cluster_size"];
  const status = await readNamed(knex, "SHOW GLOBAL STATUS", names);
  return {
    clusterStatus: status.get("wsrep_cluster_status") ?? "",
    localState: status.get("wsrep_local_state_comment") ?? "",
    isReady: status.get("wsrep_ready") === "ON",
    size: Number(status.get("wsrep_cluster_size") ?? 0),
  };
}
