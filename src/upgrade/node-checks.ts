import type { Check } from "../core/check.js";
import { orAbsent } from "../store/driver-errors.js";
import { type NodeEntry, readNodes } from "../store/nodes.js";
import { nodeLabel } from "./barrier.js";
import type { UpgradeContext } from "./context.js";
import { isProcessAlive } from "./process-identity.js";

export async function readNodesCheck({ store, settings }: UpgradeContext): Promise<Check> {
  return nodesCheck(await orAbsent(() => readNodes(store.knex), []), settings.options.version, isProcessAlive);
}

/** `version`: the release of the files that ask. Nodes of this host whose process is gone don't count. */
export function nodesCheck(nodes: readonly NodeEntry[], version: string, isAlive: (node: NodeEntry) => boolean | null): Check {
  const common = { id: "nodes", title: "Nodes" };
  const living = nodes.filter((node) => isAlive(node) !== false);
  if (living.length === 0)
    return { ...common, severity: "info", message: "None is registered: the application does not run.", remedy: null };
  const list = living.map((node) => `${nodeLabel(node)}, release ${node.codeVersion}`).join("; ");
  const same = living.every((node) => node.codeVersion === version);
  return {
    ...common,
    severity: same ? "ok" : "warning",
    message: same ? `${list}.` : `${list}; the files here are release ${version}.`,
    remedy: same ? null : "Restart the processes that still run another release, or upload the same files everywhere.",
  };
}
