import { killConnections, readConnections } from "../store/node-connections.js";
import { fenceNode, type NodeEntry, removeNode } from "../store/nodes.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";

/**
 * For a node that has closed by itself, or whose process is gone: first nothing new can begin, then what there is ends, then its row goes.
 * Returns what people are told of it.
 */
export async function passOver(store: Store, node: NodeEntry, signal: AbortSignal): Promise<string> {
  await whileBusy(() => fenceNode(store.knex, node.id));
  const connections = store.dialect === "mysql" ? await readConnections(store.knex, node.id) : [];
  const left = connections.length === 0 ? [] : await killConnections(store.knex, connections, signal);
  await whileBusy(() => removeNode(store.knex, node.id));
  const servers = [...new Set(left.map(({ server }) => server))];
  return servers.length === 0 ? nodeLabel(node) : `${nodeLabel(node)}: its connections to ${servers.join(", ")} can't be ended from here`;
}

export function nodeLabel(node: NodeEntry): string {
  return `${node.host} (process ${node.pid})`;
}
