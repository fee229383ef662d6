import type { Lease } from "../core/run.js";
import { orAbsent } from "../store/driver-errors.js";
import { freeLease } from "../store/lease.js";
import { type NodeEntry, readNodes, removeNode } from "../store/nodes.js";
import { whileBusy } from "../store/tables.js";
import { HOST, recordAudit } from "./audit.js";
import type { UpgradeContext } from "./context.js";
import { judgeHolder, type JudgeHolderOptions } from "./judge-holder.js";
import { isProcessAlive } from "./process-identity.js";
import type { Confirmation } from "./run-requests.js";

export interface Unlocking {
  /** The lease as it was found; null before upgate's tables exist. */
  readonly lease: Lease | null;
  /** `free`: nobody held it. `held`: its holder lives. `freed`: its holder was dead, and it is given back. */
  readonly outcome: "free" | "held" | "freed";
  /** The registered nodes; those of dead processes of this host are removed, unless the lease is held. */
  readonly nodes: readonly NodeEntry[];
  readonly removedNodes: readonly NodeEntry[];
}

/** Gives a dead holder's lease back and clears away what dead processes of this host have left. A living holder keeps all. */
export async function unlock(context: UpgradeContext, options: JudgeHolderOptions, by: Confirmation = HOST): Promise<Unlocking> {
  const { knex } = context.store;
  for (;;) {
    const { lease, alive } = await judgeHolder(context, options);
    const nodes = await orAbsent(() => readNodes(knex), []);
    if (alive) return { lease, outcome: "held", nodes, removedNodes: [] };
    // One that came back to life in between keeps it, and is judged anew.
    if (lease?.holder && !(await whileBusy(() => freeLease(knex, lease)))) continue;
    const outcome = lease?.holder ? "freed" : "free";
    if (outcome === "freed") await recordUnlock(context, lease as Lease, by);
    return { lease, outcome, ...(await removeDead(context, nodes)) };
  }
}

async function removeDead({ store }: UpgradeContext, all: readonly NodeEntry[]): Promise<Pick<Unlocking, "nodes" | "removedNodes">> {
  const removedNodes = all.filter((node) => isProcessAlive(node) === false);
  for (const { id } of removedNodes) await whileBusy(() => removeNode(store.knex, id));
  return { nodes: all.filter((node) => !removedNodes.includes(node)), removedNodes };
}

async function recordUnlock({ store }: UpgradeContext, { holder, token }: Lease, by: Confirmation): Promise<void> {
  await recordAudit(store, "unlock", by, `lease ${token} of ${holder?.host} (process ${holder?.pid})`);
}
