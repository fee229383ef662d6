import type { Check } from "../core/check.js";
import { UpgateError } from "../core/errors.js";
import { orAbsent } from "../store/driver-errors.js";
import { type NodeEntry, readNodes } from "../store/nodes.js";
import { nodeLabel } from "./pass-over.js";
import type { UpgradeContext } from "./context.js";
import { isProcessAlive } from "./process-identity.js";

/** Those registered whose processes are not known to be gone. */
export async function readLivingNodes({ store }: UpgradeContext): Promise<NodeEntry[]> {
  return (await orAbsent(() => readNodes(store.knex), [])).filter((node) => isProcessAlive(node) !== false);
}

/** In `nodeTtlMs`: what is told of others by the machines' wall clocks, which may differ; nothing is decided by it that could do harm. */
const SILENT_AFTER = 3;

/** A node of another machine that has given no sign of life lately. Its row goes when others have seen it stand still. */
export function isSilent(node: NodeEntry, { store, settings }: Pick<UpgradeContext, "store" | "settings">): boolean {
  if (isProcessAlive(node) === true) return false;
  return Date.parse(store.clock.timestamp()) - Date.parse(node.seenAt) > SILENT_AFTER * settings.options.nodeTtlMs;
}

export async function readNodesCheck(context: UpgradeContext): Promise<Check> {
  const living = await readLivingNodes(context);
  const silent = living.filter((node) => isSilent(node, context));
  const { version, mixedNodes } = context.settings.options;
  const check = nodesCheck(living, version, silent);
  return mixedNodes === "refuse" && withOtherFiles(living, context).length > 0 ? { ...check, severity: "danger", blocking: true } : check;
}

function withOtherFiles(living: readonly NodeEntry[], context: UpgradeContext): NodeEntry[] {
  return living.filter((node) => node.filesVersion !== context.settings.options.version && !isSilent(node, context));
}

/**
 * Before an upgrade: with `mixedNodes: "refuse"` it does not start while a live node has other files than the ones that ask, because that
 * node will stay closed after it. Throws `ERR_UPGATE_MIXED_NODES`.
 */
export async function refuseMixedNodes(context: UpgradeContext): Promise<void> {
  const { version, mixedNodes } = context.settings.options;
  if (mixedNodes !== "refuse") return;
  const others = withOtherFiles(await readLivingNodes(context), context);
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

/** `web-1 (process 811), release 8.6.0, files 8.6.1, 3 under way`; of a silent one since when. */
export function describeRunning(node: NodeEntry, silent = false): string {
  const files = node.filesVersion === node.codeVersion ? "" : `, files ${node.filesVersion}`;
  const underWay = node.inFlight === 0 ? "" : `, ${node.inFlight} under way`;
  const since = silent ? `, no sign of life since ${node.seenAt}` : "";
  return `${nodeLabel(node)}, release ${node.codeVersion}${files}${underWay}${since}`;
}

/** `version`: the release of the files that ask. */
export function nodesCheck(living: readonly NodeEntry[], version: string, silent: readonly NodeEntry[] = []): Check {
  const common = { id: "nodes", title: "Nodes" };
  if (living.length === 0)
    return { ...common, severity: "info", message: "None is registered: the application does not run.", remedy: null };
  const list = living.map((node) => describeRunning(node, silent.includes(node))).join("; ");
  const same = living.every((node) => node.codeVersion === version || silent.includes(node));
  return {
    ...common,
    severity: same ? "ok" : "warning",
    message: same ? `${list}.` : `${list}; the files here are release ${version}.`,
    remedy: same ? null : "Restart the processes that still run another release, or upload the same files everywhere.",
  };
}
