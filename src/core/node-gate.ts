import type { RunPhase, RunStatus } from "./run.js";
import type { VersionStateKind } from "./version-state.js";
import { compareVersions, isVersion } from "./version.js";

/** Whether a node lets visitors in. `closing`: it is asked to close, and has requests under way still; `silent`: nobody can tell. */
export type NodeGate = "open" | "closing" | "closed" | "silent" | "unknown";

export interface NodeGateFacts {
  readonly node: { readonly codeVersion: string; readonly epoch: number };
  readonly isSilent: boolean;
  /** As the process that asks derives it. */
  readonly state: { readonly kind: VersionStateKind; readonly codeVersion: string; readonly installedVersion: string | null };
  /** The active run; null: none. */
  readonly run: { readonly status: RunStatus; readonly phase: RunPhase; readonly epoch: number } | null;
}

/** Of another process than the one that asks: no node writes down whether it is open, but each follows the same rules. */
export function nodeGateOf({ node, isSilent, state, run }: NodeGateFacts): NodeGate {
  if (isSilent) return "silent";
  if (state.kind === "unknown") return "unknown";
  if (run?.status === "running" && run.phase !== "held") return node.epoch >= run.epoch ? "closed" : "closing";
  if (run !== null && (run.status === "failed" || run.phase === "held" || run.phase === "ready")) return "closed";
  // Of the same files it is as here; of others nothing is known but that their release is the installed one, or not.
  if (node.codeVersion === state.codeVersion) return state.kind === "current" ? "open" : "closed";
  return isSame(node.codeVersion, state.installedVersion) ? "open" : "closed";
}

function isSame(code: string, installed: string | null): boolean {
  return installed !== null && isVersion(code) && isVersion(installed) && compareVersions(code, installed) === 0;
}
