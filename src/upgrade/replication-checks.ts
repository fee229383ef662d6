import type { Check } from "../core/check.js";
import type { GaleraStatus, ReplicaStatus } from "../store/replication-status.js";
import type { ServerSettings } from "../store/server-settings.js";

/** Whether the server follows another one. `readOnly`: it is set so. */
export function replicationCheck(sources: readonly ReplicaStatus[], readOnly: boolean): Check {
  const common = { id: "replication", title: "Replication" };
  if (sources.length === 0) return { ...common, severity: "ok", message: "The server is no replica.", remedy: null };
  const list = sources.map(describe).join("; ");
  if (readOnly)
    return {
      ...common,
      severity: "danger",
      blocking: true,
      message: `The server is a read-only replica of ${list}.`,
      remedy: "Name the server that takes the writes in the option database; the replica follows by itself.",
    };
  return {
    ...common,
    severity: "warning",
    message: `The server is a replica of ${list}. What an upgrade changes here does not reach the source.`,
    remedy: "Upgrade on the source, unless both are meant to be written to.",
  };
}

function describe({ source, isRunning, lagSeconds }: ReplicaStatus): string {
  if (!isRunning) return `${source}, stopped`;
  return lagSeconds === null ? source : `${source}, ${lagSeconds} s behind`;
}

/** Of a node of a Galera cluster. `ddl`: its way to change a schema. */
export function galeraCheck({ clusterStatus, localState, isReady, size }: GaleraStatus, ddl: ServerSettings["galeraDdl"]): Check {
  const common = { id: "galera", title: "Galera cluster" };
  const danger = (message: string, remedy: string): Check => ({ ...common, severity: "danger", blocking: true, message, remedy });
  if (clusterStatus !== "Primary")
    return danger(
      `This node is not in the cluster's primary part (${clusterStatus || "unknown"}).`,
      "Bring the cluster together again, or name a node of its primary part in the option database.",
    );
  if (!isReady) return danger("This node takes no statements now.", "Wait until it has joined the cluster, or name another node.");
  if (ddl === "RSU")
    return danger(
      "Changes of tables would stay on this node (wsrep_OSU_method is RSU).",
      "Have wsrep_OSU_method set to TOI, so that all nodes change their tables together.",
    );
  const nodes = `${size} ${size === 1 ? "node" : "nodes"}`;
  if (localState !== "Synced")
    return {
      ...common,
      severity: "warning",
      message: `This node is ${localState || "in an unknown state"}, in a cluster of ${nodes}.`,
      remedy: "Wait until the node is Synced.",
    };
  return { ...common, severity: "ok", message: `Synced, in a cluster of ${nodes}.`, remedy: null };
}
