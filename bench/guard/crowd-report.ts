import { table } from "../table.js";
import type { Crowd, CrowdMeasured } from "./crowd.js";
import type { LoadReport } from "./steady-load.js";

/** Of the requests a second that the application answers without the crowd. */
const AIM_ANSWERED = 0.99;

interface CrowdRatio {
  /** Requests a second answered after the opening, by those without visitors. */
  readonly ratio: number;
}

export interface CrowdFigures {
  readonly visitors: number;
  readonly rate: number;
  readonly aim: number;
  readonly verdict: "reached" | "missed" | null;
  readonly quiet: LoadReport;
  readonly script: Crowd & CrowdRatio;
  readonly refresh: Crowd & CrowdRatio;
}

/** `isTrusted` false: too short, and too few visitors, for a verdict. */
export function crowdFiguresOf({ quiet, script, refresh, ...given }: CrowdMeasured, isTrusted: boolean): CrowdFigures {
  const withRatio = (crowd: Crowd): Crowd & CrowdRatio => ({
    ...crowd,
    ratio: crowd.load.answeredPerSecond / quiet.answeredPerSecond,
  });
  const own = withRatio(script);
  const verdict = own.ratio >= AIM_ANSWERED ? "reached" : "missed";
  return { ...given, aim: AIM_ANSWERED, verdict: isTrusted ? verdict : null, quiet, script: own, refresh: withRatio(refresh) };
}

export function crowdText({ visitors, rate, aim, verdict, quiet, script, refresh }: CrowdFigures): string {
  const load = ({ answeredPerSecond, p50Ms, p99Ms, failed }: LoadReport): string[] => [
    answeredPerSecond.toFixed(1),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    String(failed),
  ];
  const crowds = [
    ["maintenance page", script],
    ["the same refresh for all", refresh],
  ] as const;
  const failures = crowds.flatMap(([label, one]) => Object.entries(one.failures).map(([why, times]) => `${label}: ${times} x ${why}`));
  return [
    table(
      [`application, ${rate} requests/s`, "answered/s", "p50 ms", "p99 ms", "failed", "by quiet", "aim", ""],
      [
        ["quiet", ...load(quiet)],
        ["after the opening, maintenance page", ...load(script.load), script.ratio.toFixed(3), `>= ${aim}`, verdict ?? ""],
        ["after the opening, the same refresh for all", ...load(refresh.load), refresh.ratio.toFixed(3)],
      ],
    ),
    table(
      [`${visitors} visitors who wait`, "looks/s at the end", "most looks/s", "most returns/s", "returned", "all back after s"],
      crowds.map(([label, one]) => [
        label,
        one.looksPerSecond.toFixed(1),
        String(one.mostLooksInASecond),
        String(one.mostReturnsInASecond),
        String(one.returned),
        one.backAfterSeconds.toFixed(0),
      ]),
    ),
    ...(failures.length > 0 ? [`The visitors' requests that failed: ${failures.join(", ")}.`] : []),
  ].join("\n\n");
}
