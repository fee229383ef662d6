import type { Knex } from "knex";
import type { ProcessIdentity } from "../core/run.js";
import { PROTOCOL } from "./tables.js";

/** One running process of the host application. */
export interface NodeEntry extends ProcessIdentity {
  readonly id: string;
  readonly codeVersion: string;
  readonly filesVersion: string;
  /** The last closing that it acknowledged. */
  readonly epoch: number;
  /** Let in and not over, when it was last told. */
  readonly inFlight: number;
  readonly oldest: OldestAdmitted | null;
  readonly beat: number;
  readonly startedAt: string;
  readonly seenAt: string;
  readonly protocol: number;
}

/** What has been under way for the longest. */
export interface OldestAdmitted {
  readonly method: string;
  readonly path: string;
  /** When it was told. */
  readonly ageMs: number;
}

export interface NodeChange {
  readonly seenAt: string;
  readonly filesVersion: string;
  readonly inFlight: number;
  readonly oldest: OldestAdmitted | null;
  /** The closing that is acknowledged by this. */
  readonly epoch?: number;
}

/** Characters. */
const SHOWN_PATH = 200;

interface NodeRow {
  id: string;
  host: string;
  host_id: string;
  pid: number;
  started_ticks: string | null;
  code_version: string;
  files_version: string;
  epoch: number;
  in_flight: number;
  oldest: string | null;
  beat: number;
  started_at: string;
  seen_at: string;
  protocol: number;
}

export async function registerNode(
  knex: Knex,
  node: Pick<NodeEntry, keyof ProcessIdentity | "id" | "codeVersion" | "filesVersion" | "startedAt">,
): Promise<void> {
  await knex<NodeRow>("upgate_node").insert({
    id: node.id,
    host: node.host,
    host_id: node.hostId,
    pid: node.pid,
    started_ticks: node.startedTicks,
    code_version: node.codeVersion,
    files_version: node.filesVersion,
    epoch: 0,
    in_flight: 0,
    beat: 0,
    started_at: node.startedAt,
    seen_at: node.startedAt,
    protocol: PROTOCOL,
  });
}

/** False when the row is gone: another process took this node for dead, and it has to register anew. */
export async function renewNode(knex: Knex, id: string, change: NodeChange): Promise<boolean> {
  const renewed = await knex<NodeRow>("upgate_node")
    .where({ id })
    .update({
      seen_at: change.seenAt,
      files_version: change.filesVersion,
      in_flight: change.inFlight,
      oldest: change.oldest && JSON.stringify({ ...change.oldest, path: change.oldest.path.slice(0, SHOWN_PATH) }),
      beat: knex.raw("beat + 1") as unknown as number,
      ...(change.epoch === undefined ? {} : { epoch: change.epoch }),
    });
  return renewed > 0;
}

/** From then on no new connection of the node sends anything; those that it has are still known. */
export async function fenceNode(knex: Knex, id: string): Promise<void> {
  await knex<NodeRow>("upgate_node").where({ id }).delete();
}

/** With what is known of its connections. */
export async function removeNode(knex: Knex, id: string): Promise<void> {
  await fenceNode(knex, id);
  await knex("upgate_connection").where({ node_id: id }).delete();
}

export async function readNodes(knex: Knex): Promise<NodeEntry[]> {
  const rows = await knex<NodeRow>("upgate_node").orderBy("started_at");
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    hostId: row.host_id,
    pid: Number(row.pid),
    startedTicks: row.started_ticks,
    codeVersion: row.code_version,
    filesVersion: row.files_version,
    epoch: Number(row.epoch),
    inFlight: Number(row.in_flight),
    oldest: row.oldest === null ? null : (JSON.parse(row.oldest) as OldestAdmitted),
    beat: Number(row.beat),
    startedAt: row.started_at,
    seenAt: row.seen_at,
    protocol: Number(row.protocol),
  }));
}
