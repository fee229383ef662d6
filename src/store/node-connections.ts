import { setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";

/** A connection of a node's own pool, as the server it leads to knows it. */
export interface NodeConnection {
  readonly nodeId: string;
  /** The server's number of it; a restarted server gives it anew. */
  readonly id: number;
  /** `host:port` as the server itself tells it: behind a balancer there are several, each with its own numbers. */
  readonly server: string;
  /** By the server's clock, s since 1970. */
  readonly connectedAt: number;
}

interface ConnectionRow {
  node_id: string;
  connection_id: number;
  server: string;
  connected_at: number;
}

/** To be sent on the connection itself; the members of a `NodeConnection`, but for the node. MySQL and MariaDB. */
export const IDENTIFY_SQL = "SELECT CONNECTION_ID() AS id, CONCAT(@@hostname, ':', @@port) AS server, UNIX_TIMESTAMP() AS connectedAt";

export async function registerConnection(knex: Knex, { nodeId, id, server, connectedAt }: NodeConnection): Promise<void> {
  await forgetConnection(knex, { nodeId, id, server });
  await knex<ConnectionRow>("upgate_connection").insert({ node_id: nodeId, connection_id: id, server, connected_at: connectedAt });
}

export async function forgetConnection(knex: Knex, { nodeId, id, server }: Omit<NodeConnection, "connectedAt">): Promise<void> {
  await knex<ConnectionRow>("upgate_connection").where({ node_id: nodeId, connection_id: id, server }).delete();
}

/** Whether a new connection of the node may send nothing: the schema is being changed, or the node was passed over. */
export async function isFencedOff(knex: Knex, nodeId: string): Promise<boolean> {
  const run = await knex("upgate_run").where({ active: 1, status: "running" }).whereNotIn("phase", ["starting", "closing"]).first("id");
  if (run !== undefined) return true;
  return (await knex("upgate_node").where({ id: nodeId }).first("id")) === undefined;
}

export async function readConnections(knex: Knex, nodeId: string): Promise<NodeConnection[]> {
  const rows = await knex<ConnectionRow>("upgate_connection").where({ node_id: nodeId });
  return rows.map((row) => ({ nodeId, id: Number(row.connection_id), server: row.server, connectedAt: Number(row.connected_at) }));
}

/** Ends those that lead to the server of `knex` and that it has not restarted since. Returns those of other servers: nobody can end them from here. */
export async function killConnections(knex: Knex, connections: readonly NodeConnection[], signal: AbortSignal): Promise<NodeConnection[]> {
  const [[server]] = (await knex.raw("SELECT CONCAT(@@hostname, ':', @@port) AS name, UNIX_TIMESTAMP() AS now")) as [
    [{ name: string; now: number }],
  ];
  const [[uptime]] = (await knex.raw("SHOW GLOBAL STATUS LIKE 'Uptime'")) as [[{ Value: string }]];
  const startedAt = server.now - Number(uptime.Value) - CLOCK_STEP_S;
  const here = connections.filter((one) => one.server === server.name);
  for (const { id, connectedAt } of here) if (connectedAt >= startedAt) await kill(knex, id, signal);
  return connections.filter((one) => one.server !== server.name);
}

/** `Uptime` and `UNIX_TIMESTAMP()` count whole seconds. */
const CLOCK_STEP_S = 2;
/** ER_NO_SUCH_THREAD: it has ended by itself. */
const NO_SUCH_THREAD = 1094;
const LOOK_EVERY_MS = 20;

/** Resolves when it is gone, its rollback included. */
async function kill(knex: Knex, id: number, signal: AbortSignal): Promise<void> {
  try {
    await knex.raw(`KILL ${id}`);
  } catch (error) {
    if ((error as { errno?: number }).errno === NO_SUCH_THREAD) return;
    throw error;
  }
  for (;;) {
    const [rows] = (await knex.raw("SHOW FULL PROCESSLIST")) as [{ Id: number }[]];
    if (!rows.some((row) => Number(row.Id) === id)) return;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
