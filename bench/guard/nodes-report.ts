import { median } from "../statistics.js";
import { table } from "../table.js";
import type { NodesMeasured, Queries } from "./nodes.js";

/** Of both ways, by pollMs: a node that has just polled hears of it after a whole poll. */
const AIM_POLLS = 1.2;

type Verdict = "reached" | "missed" | null;

interface Way {
  readonly nodes: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** The same by pollMs. */
  readonly medianPolls: number;
  readonly worstPolls: number;
  readonly upgrades: number;
  readonly verdict: Verdict;
}

export interface NodesFigures {
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly aimPolls: number;
  readonly closing: readonly Way[];
  readonly opening: readonly Way[];
  readonly aimQueries: number;
  readonly queries: readonly (Queries & { readonly verdict: Verdict })[];
}

/** `isTrusted` false: too short for a verdict. */
export function nodesFiguresOf({ pollMs, nodeTtlMs, switching, queries }: NodesMeasured, isTrusted: boolean): NodesFigures {
  const verdict = (isReached: boolean): Verdict => (isTrusted ? (isReached ? "reached" : "missed") : null);
  const way = (nodes: number, times: readonly number[]): Way => {
    const [medianMs, worstMs] = [median(times), Math.max(...times)];
    const [medianPolls, worstPolls] = [medianMs / pollMs, worstMs / pollMs];
    return { nodes, medianMs, worstMs, medianPolls, worstPolls, upgrades: times.length, verdict: verdict(medianPolls <= AIM_POLLS) };
  };
  // A read at each poll, and a node's row three times in nodeTtlMs.
  const aimQueries = 1000 / pollMs + 3000 / nodeTtlMs;
  return {
    pollMs,
    nodeTtlMs,
    aimPolls: AIM_POLLS,
    closing: switching.map(({ nodes, closingMs }) => way(nodes, closingMs)),
    opening: switching.map(({ nodes, openingMs }) => way(nodes, openingMs)),
    aimQueries,
    queries: queries.map((one) => ({ ...one, verdict: verdict(one.perNodeAndSecond <= aimQueries) })),
  };
}

export function nodesText({ pollMs, nodeTtlMs, aimPolls, closing, opening, aimQueries, queries }: NodesFigures): string {
  const row = (label: string, { nodes, medianMs, worstMs, medianPolls, worstPolls, verdict }: Way): string[] => [
    `${label}, ${nodes} ${nodes === 1 ? "node" : "nodes"}`,
    medianMs.toFixed(0),
    worstMs.toFixed(0),
    medianPolls.toFixed(2),
    worstPolls.toFixed(2),
    `<= ${aimPolls}`,
    verdict ?? "",
  ];
  return [
    table(
      ["nodes on MariaDB", "median ms", "worst ms", "median by pollMs", "worst by pollMs", "aim", ""],
      [...closing.map((way) => row("start to first statement", way)), ...opening.map((way) => row("version row to last node open", way))],
    ),
    table(
      ["queries of a node", "a second", "requests/s", "aim", ""],
      queries.map(({ nodes, perNodeAndSecond, requestsPerSecond, verdict }) => [
        `${nodes} nodes, ${requestsPerSecond === 0 ? "idle" : "all under load"}`,
        perNodeAndSecond.toFixed(3),
        requestsPerSecond.toFixed(0),
        `<= ${aimQueries.toFixed(2)}`,
        verdict ?? "",
      ]),
    ),
    `pollMs ${pollMs}, nodeTtlMs ${nodeTtlMs}; ${closing[0]?.upgrades ?? 0} upgrades for each number of nodes; the verdict is the median's.`,
  ].join("\n\n");
}
