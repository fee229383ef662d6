import { setTimeout as pause } from "node:timers/promises";
import { UpgateError } from "../core/errors.js";
import { type NodeEntry, readNodes, removeNode } from "../store/nodes.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import { isProcessAlive } from "./process-identity.js";

interface BarrierOptions {
  readonly epoch: number;
  readonly nodeTtlMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** A live node that has not acknowledged within this many `nodeTtlMs` will not any more. */
const PATIENCE = 3;

/**
 * Waits until every registered node has acknowledged the closing. A node whose process is gone is removed; one whose beat
 * stood still for `nodeTtlMs` of the runner's own monotonic clock is passed over, because it has closed by itself.
 * Returns those passed over. Throws `ERR_UPGATE_NODES_OPEN` when a node lives but does not close.
 */
export async function waitForNodes(store: Store, options: BarrierOptions): Promise<string[]> {
  const { epoch, nodeTtlMs, pollMs, signal } = options;
  const startedMs = store.clock.nowMs();
  const beats = new Map<string, { beat: number; sinceMs: number }>();
  const passedOver = new Map<string, NodeEntry>();
  for (;;) {
    signal.throwIfAborted();
    const now = store.clock.nowMs();
    const open: NodeEntry[] = [];
    for (const node of await readNodes(store.knex)) {
      if (node.epoch >= epoch) continue;
      if (isProcessAlive(node) === false) {
        await whileBusy(() => removeNode(store.knex, node.id));
        continue;
      }
      const seen = beats.get(node.id);
      if (!seen || seen.beat !== node.beat) beats.set(node.id, { beat: node.beat, sinceMs: now });
      else if (now - seen.sinceMs > nodeTtlMs) {
        passedOver.set(node.id, node);
        continue;
      }
      open.push(node);
    }
    if (open.length === 0) break;
    if (now - startedMs > PATIENCE * nodeTtlMs) {
      throw new UpgateError("ERR_UPGATE_NODES_OPEN", `These nodes are still open: ${open.map(nodeLabel).join(", ")}.`);
    }
    await pause(Math.min(pollMs / 4, 250), undefined, { signal });
  }
  for (const id of passedOver.keys()) await whileBusy(() => removeNode(store.knex, id));
  return [...passedOver.values()].map(nodeLabel);
}

export function nodeLabel(node: NodeEntry): string {
  return `${node.host} (process ${node.pid})`;
}
