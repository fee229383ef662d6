import type { UpgradeContext } from "../context.js";
import type { ReadState } from "../state-reader.js";
import { announce, announceEnd } from "./announce.js";

/**
 * What a node tells of that it sees: a run whose process is gone can't tell it itself, nor one whose process never began. Comes after whatever
 * else the node does about the state: an interruption that ends by itself is none.
 */
export function announceWhatIsSeen(context: UpgradeContext): (reading: ReadState, stop: AbortSignal) => Promise<boolean> {
  let told = "";
  return async ({ state, lease }, stop) => {
    const { run, kind } = state;
    if (!run || (kind !== "interrupted" && kind !== "failed")) return false;
    const occasion = String(lease?.token ?? 0);
    const key = `${run.id} ${kind} ${occasion}`;
    if (key === told) return false;
    told = key;
    if (kind === "failed") await announceEnd(context, run.id, stop);
    else await announce(context, { event: kind, runId: run.id, occasion }, stop);
    return false;
  };
}
