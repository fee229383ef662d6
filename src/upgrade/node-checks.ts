import type { Check } from "../core/check.js";
import { UpgateError } from "../core/errors.js";
import { orAbsent } from "../store/driver-errors.js";
import { type NodeEntry, readNodes } from "../store/nodes.js";
import { nodeLabel } from "./barrier.js";
import type { UpgradeContext } from "./context.js";
import { isProcessAlive } from "./process-identity.js";

/** Those registered whose processes are not known to be gone. */
export async function readLivingNodes({ store }: UpgradeContext): Promise<NodeEntry[]> {
  return (await orAbsent(() => readNodes(store.knex), [])).filter((node) => isProcessAlive(node) !== false);
}

export async function readNodesCheck(context: UpgradeContext): Promise<Check> {
  return nodesCheck(await readLivingNodes(context), context.settings.options.version);
}

/**
 * Before an upgrade: with `mixedNodes: "refuse"` it does not start while a live node has other files than the ones that ask, because that
 * node will stay closed after it. Throws `ERR_UPGATE_MIXED_NODES`.
 */
export async function refuseMixedNodes(context: UpgradeContext): Promise<void> {
  const { version, mixedNodes } = context.settings.options;
  if (mixedNodes !== "refuse") return;
  const others = (await readLivingNodes(context)).filter(({ filesVersion }) => filesVersion !== version);
  if (others.length === 0) return;
  const list = others.map((node) => `${nodeLabel(node)} has ${node.filesVersion}`).join("; ");
  throw new UpgateError("ERR_UPGATE_MIXED_NODES", `Other processes have other files than release ${version}: ${list}.`);
}

/** What a process knows of itself. */
export interface OwnProcess {
  /** Why it can't write its row; null: it can. */
  readonly trouble: string | null;
  /** Whether the application's database connections are closed with its gate. */
  readonly isPoolKnown: boolean;
}

/** Of the process that answers. */
export function ownChecks({ trouble, isPoolKnown }: OwnProcess): Check[] {
  return [...ownRowChecks(trouble), poolCheck(isPoolKnown)];
}

function poolCheck(isKnown: boolean): Check {
  const common = { id: "connections", title: "Application's connections" };
  if (isKnown) return { ...common, severity: "ok", message: "They are closed with the gate.", remedy: null };
  const message = "Not known to upgate: what the application sends on its own while an upgrade runs is not kept back.";
  return {
    ...common,
    severity: "info",
    message,
    remedy: "The vendor hands its knex instance over (option database), or uses upgate.knex.",
  };
}

/** A full disk, a server that was made read-only: the site is open and can be read, but no upgrade would close it in order. */
function ownRowChecks(trouble: string | null): Check[] {
  if (trouble === null) return [];
  const message = `This process can't write to the database: ${trouble}`;
  const remedy =
    "Look at the database server: is its disk full, or is it read-only? Until then this process shows no sign of life to others.";
  return [{ id: "node-row", title: "Sign of life", severity: "danger", message, remedy }];
}

/** `web-1 (process 811), release 8.6.0, files 8.6.1, 3 under way`. */
export function describeRunning(node: NodeEntry): string {
  const files = node.filesVersion === node.codeVersion ? "" : `, files ${node.filesVersion}`;
  const underWay = node.inFlight === 0 ? "" : `, ${node.inFlight} under way`;
  return `${nodeLabel(node)}, release ${node.codeVersion}${files}${underWay}`;
}

/** `version`: the release of the files that ask. */
export function nodesCheck(living: readonly NodeEntry[], version: string): Check {
  const common = { id: "nodes", title: "Nodes" };
  if (living.length === 0)
    return { ...common, severity: "info", message: "None is registered: the application does not run.", remedy: null };
  const list = living.map((node) => describeRunning(node)).join("; ");
  const same = living.every((node) => node.codeVersion === version);
  return {
    ...common,
    severity: same ? "ok" : "warning",
    message: same ? `${list}.` : `${list}; the files here are release ${version}.`,
    remedy: same ? null : "Restart the processes that still run another release, or upload the same files everywhere.",
  };
}
