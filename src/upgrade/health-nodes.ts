import { type NodeGate, nodeGateOf } from "../core/node-gate.js";
import type { VersionState } from "../core/version-state.js";
import { orAbsent } from "../store/driver-errors.js";
import { readActiveRun } from "../store/runs.js";
import type { UpgradeContext } from "./context.js";
import { isSilent, readLivingNodes } from "./node-checks.js";

/** One running process of the application, as System Health shows it. */
export interface NodeReport {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** The one that answers. */
  readonly isThis: boolean;
  readonly codeVersion: string;
  readonly filesVersion: string;
  /** True: its release or its files are others than those of the process that answers. */
  readonly isOdd: boolean;
  readonly gate: NodeGate;
  /** The last closing that it acknowledged; 0: none yet. */
  readonly epoch: number;
  /** Requests under way when it last gave a sign of life. */
  readonly inFlight: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly seenAt: string;
}

/** What the process that answers knows of itself. */
export interface OwnNode {
  /** By which its row is known. */
  readonly id: string;
  readonly isOpen: boolean;
  readonly inFlight: number;
}

/** `own`: null where no process of the application asks. Reads only; an absent table counts as empty. */
export async function readNodeReports(context: UpgradeContext, state: VersionState, own: OwnNode | null): Promise<NodeReport[]> {
  const [nodes, run] = await Promise.all([readLivingNodes(context), orAbsent(() => readActiveRun(context.store.knex), null)]);
  return nodes.map((node) => {
    const { id, host, pid, codeVersion, filesVersion, epoch, startedAt, seenAt } = node;
    const isThis = id === own?.id;
    return {
      id,
      host,
      pid,
      isThis,
      codeVersion,
      filesVersion,
      isOdd: codeVersion !== state.codeVersion || filesVersion !== state.filesVersion,
      gate: isThis ? (own.isOpen ? "open" : "closed") : nodeGateOf({ node, isSilent: isSilent(node, context), state, run }),
      epoch,
      inFlight: isThis ? own.inFlight : node.inFlight,
      startedAt,
      seenAt,
    };
  });
}
