import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, median, pairedRatio } from "../statistics.js";
import { table } from "../table.js";
import type { CrowdMeasured } from "./crowd.js";
import { type CrowdFigures, crowdFiguresOf, crowdText } from "./crowd-report.js";
import type { NodesMeasured } from "./nodes.js";
import { type NodesFigures, nodesFiguresOf, nodesText } from "./nodes-report.js";
import type { PassPathFigures } from "./pass-path.js";
import type { Rates, Schedule } from "./rates.js";
import { COMPARISONS, type Comparison, VARIANT_NAMES, VARIANTS } from "./variants.js";

/** A control further from 1 than this: the machine was too busy for a verdict. */
const CONTROL_TOLERANCE = 0.03;

type Verdict = "reached" | "missed" | "within noise";

interface Measured {
  readonly startedAt: Date;
  readonly quick: boolean;
  readonly schedule: Schedule;
  readonly rates: Rates;
  readonly passPath: PassPathFigures;
  readonly server: string;
  readonly nodes: NodesMeasured;
  readonly crowd: CrowdMeasured;
}

interface Ratio extends Estimate {
  readonly label: string;
  /** CPU time of a request of the baseline by that of this one: as the rate's ratio, but blind to what else runs. */
  readonly byCpu: number;
  readonly aim: number | null;
  readonly verdict: Verdict | null;
}

export interface Figures {
  readonly benchmark: "guard";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly schedule: Schedule;
  readonly loadShare: number;
  /** Controls further from 1 than 3 %. */
  readonly offControls: readonly string[];
  readonly rates: Readonly<Record<string, { readonly label: string; readonly requestsPerSecond: number; readonly cpuUs: number }>>;
  readonly ratios: Readonly<Record<string, Ratio>>;
  readonly nsPerCall: PassPathFigures;
  readonly server: string;
  readonly nodes: NodesFigures;
  readonly crowd: CrowdFigures;
}

export function figuresOf({ startedAt, quick, schedule, rates, passPath, server, nodes, crowd }: Measured): Figures {
  const bare = COMPARISONS.map((comparison) => [comparison.name, compare(comparison, rates)] as const);
  const offControls = COMPARISONS.flatMap(({ name, isControl }, index) =>
    isControl && Math.abs((bare[index]?.[1].median ?? 0) - 1) > CONTROL_TOLERANCE ? [name] : [],
  );
  const isTrusted = (name: string): boolean => {
    const control = COMPARISONS.find((comparison) => comparison.name === name)?.aim?.control;
    return !quick && control !== undefined && !offControls.includes(control);
  };
  return {
    benchmark: "guard",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    versions: Object.fromEntries(["express", "knex"].map((name) => [name, versionOf(name)])),
    cpus: availableParallelism(),
    schedule,
    loadShare: rates.loadShare,
    offControls,
    rates: Object.fromEntries(
      VARIANT_NAMES.map((name) => [
        name,
        {
          label: VARIANTS[name].label,
          requestsPerSecond: Math.round(median(rates.samples[name].map((sample) => sample.requestsPerSecond))),
          cpuUs: median(rates.samples[name].map((sample) => sample.cpuUs)),
        },
      ]),
    ),
    ratios: Object.fromEntries(bare.map(([name, ratio]) => [name, { ...ratio, verdict: verdictOf(ratio, isTrusted(name)) }])),
    nsPerCall: passPath,
    server,
    nodes: nodesFiguresOf(nodes, !quick),
    crowd: crowdFiguresOf(crowd, !quick),
  };
}

function compare({ label, of, against, aim }: Comparison, { samples }: Rates): Omit<Ratio, "verdict"> {
  const column = (name: Comparison["of"], key: "requestsPerSecond" | "cpuUs"): number[] => samples[name].map((sample) => sample[key]);
  return {
    label,
    ...pairedRatio(column(of, "requestsPerSecond"), column(against, "requestsPerSecond")),
    byCpu: pairedRatio(column(against, "cpuUs"), column(of, "cpuUs")).median,
    aim: aim?.ratio ?? null,
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function verdictOf({ aim, low, high }: Omit<Ratio, "verdict">, isTrusted: boolean): Verdict | null {
  if (aim === null) return null;
  if (!isTrusted || (low < aim && high >= aim)) return "within noise";
  return low >= aim ? "reached" : "missed";
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

export function textOf(figures: Figures): string {
  const { ratios, rates, nsPerCall, schedule, versions } = figures;
  const fixed = (value: number, digits = 2): string => value.toFixed(digits);
  const range = ({ low, high }: Estimate, digits?: number): string => `${fixed(low, digits)} to ${fixed(high, digits)}`;
  const calls = (label: string, figure: Estimate): string[] => [label, fixed(figure.median, 0), range(figure, 0)];
  return [
    `guard, ${figures.date.slice(0, 10)}: Node ${figures.node.slice(1)}, Express ${versions["express"]}, ${figures.server}, ${figures.cpus} cores, ${figures.seconds} s`,
    table(
      ["server", "requests/s", "CPU µs/request"],
      Object.values(rates).map((rate) => [rate.label, String(rate.requestsPerSecond), fixed(rate.cpuUs, 1)]),
    ),
    table(
      ["ratio of requests/s", "median", "95 % interval", "by CPU time", "aim", ""],
      Object.values(ratios).map((ratio) => [
        ratio.label,
        fixed(ratio.median, 3),
        range(ratio, 3),
        fixed(ratio.byCpu, 3),
        ratio.aim === null ? "" : `>= ${ratio.aim}`,
        ratio.verdict ?? "",
      ]),
    ),
    table(
      ["one call in process", "ns above an empty middleware", "95 % interval"],
      [
        calls("guard, gate open", nsPerCall.guard),
        calls("the same, path as long as a probe's", nsPerCall.probeLength),
        calls("A/A control", nsPerCall.control),
      ],
    ),
    `${schedule.rounds * schedule.cycles} slices of ${schedule.sliceMs} ms each, in ${schedule.rounds} rounds; the load took ${fixed(figures.loadShare)} of a core.`,
    ...figures.offControls.map((name) => `${ratios[name]?.label}: off by more than 3 %; what it controls can't be told from this run.`),
    nodesText(figures.nodes),
    crowdText(figures.crowd),
    ...(figures.quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}
