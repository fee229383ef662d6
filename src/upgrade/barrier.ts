import { setTimeout as pause } from "node:timers/promises";
import { UpgateError } from "../core/errors.js";
import type { Run, RunDrain } from "../core/run.js";
import { type NodeEntry, readNodes } from "../store/nodes.js";
import { readRun, updateRun } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import { nodeLabel, passOver } from "./pass-over.js";
import { isProcessAlive } from "./process-identity.js";

export interface BarrierOptions {
  readonly run: Pick<Run, "id" | "epoch">;
  readonly nodeTtlMs: number;
  readonly pollMs: number;
  /** Requests still under way after this long are somebody's decision, ms. */
  readonly drainTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Called whenever what it waits for has changed. */
  readonly onWait: (waiting: string) => void;
}

/** A live node that neither acknowledges nor tells of anything under way within this many `nodeTtlMs` will not any more. */
const PATIENCE = 3;
/** How often the rows are read: what it costs is the upgrade's own waiting. */
const LOOK_MS = 40;

/**
 * Waits until every registered node has acknowledged the closing. The connections of a node whose process is gone are ended; a node
 * whose beat stood still for `nodeTtlMs` of the runner's own monotonic clock is passed over, because it has closed by itself: no new
 * connection of it sends anything, and those that it has are ended. Returns those passed over, each with what of it nobody could end.
 * Throws `ERR_UPGATE_NODES_OPEN` when a node lives but does not close, `ERR_UPGATE_DRAIN_ABORTED` when it is given up.
 */
export async function waitForNodes(store: Store, options: BarrierOptions): Promise<string[]> {
  const { run, nodeTtlMs, pollMs, drainTimeoutMs, signal, onWait } = options;
  const startedMs = store.clock.nowMs();
  const beats = new Map<string, { beat: number; sinceMs: number }>();
  const passedOver: string[] = [];
  let told = "";
  for (;;) {
    signal.throwIfAborted();
    const now = store.clock.nowMs();
    const nodes = await store.fromPrimary(readNodes);
    const open: NodeEntry[] = [];
    for (const node of nodes.filter(({ epoch }) => epoch < run.epoch)) {
      const seen = beats.get(node.id);
      if (seen?.beat !== node.beat) beats.set(node.id, { beat: node.beat, sinceMs: now });
      const isSilent = seen?.beat === node.beat && now - seen.sinceMs > nodeTtlMs;
      const isDead = isProcessAlive(node) === false;
      if (!isSilent && !isDead) open.push(node);
      else {
        const left = await passOver(store, node, signal);
        if (!isDead) passedOver.push(left);
      }
    }
    if (open.length === 0) return passedOver;
    const waiting = describeWaiting(open, nodes.length);
    if (waiting !== told) onWait((told = waiting));
    await decide(store, run.id, now - startedMs >= drainTimeoutMs);
    if (open.every(({ inFlight }) => inFlight === 0) && now - startedMs > PATIENCE * nodeTtlMs)
      throw new UpgateError("ERR_UPGATE_NODES_OPEN", `These nodes are still open: ${open.map(nodeLabel).join(", ")}.`);
    await pause(Math.min(pollMs / 4, LOOK_MS), undefined, { signal });
  }
}

const DECISIONS: Partial<Record<RunDrain, RunDrain>> = { ask: "asked", wait: "waiting", end: "ending", abort: "aborting" };

/** What the run's policy comes to when the time is over; the operator may have decided meanwhile. */
async function decide(store: Store, runId: string, isOverdue: boolean): Promise<void> {
  const drain = (await store.fromPrimary((knex) => readRun(knex, runId)))?.drain ?? "wait";
  if (drain === "aborting" || (drain === "abort" && isOverdue))
    throw new UpgateError("ERR_UPGATE_DRAIN_ABORTED", "The upgrade was given up before it had changed anything.");
  const decision = isOverdue ? DECISIONS[drain] : undefined;
  if (decision) await whileBusy(() => updateRun(store.knex, runId, "running", { drain: decision }));
}

/** `waiting for 2 of 5 nodes: web-3 (4 requests, oldest GET /report 12 s), web-4`. */
export function describeWaiting(open: readonly NodeEntry[], all: number): string {
  return `waiting for ${open.length} of ${all} nodes: ${open.map(describeNode).join(", ")}`;
}

function describeNode({ host, pid, inFlight, oldest }: NodeEntry): string {
  if (inFlight === 0) return `${host} (process ${pid})`;
  const since = oldest ? `, oldest ${oldest.method} ${oldest.path} ${Math.round(oldest.ageMs / 1000)} s` : "";
  return `${host} (process ${pid}: ${inFlight} ${inFlight === 1 ? "request" : "requests"}${since})`;
}
