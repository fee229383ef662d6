import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, estimate } from "../statistics.js";
import { table } from "../table.js";
import { type Layout, LAYOUT_NAMES, LAYOUTS } from "./site.js";

const AIM_MS = 300;

type Verdict = "reached" | "not reached" | "within noise";

export interface Run {
  /** Of upgate's modules, knex's and the driver's. */
  readonly loadMs: number;
  /** The options checked, the folder's names among them. */
  readonly openMs: number;
  /** The state read and the plan derived, the first connection included. */
  readonly planMs: number;
  /** The whole process, from start to exit. */
  readonly processMs: number;
}

export type Runs = Readonly<Record<Layout, Run[]>>;

interface LayoutFigures {
  readonly label: string;
  readonly loadMs: Estimate;
  readonly openMs: Estimate;
  readonly planMs: Estimate;
  /** From checked options to the plan: what the aim is for. */
  readonly bothMs: Estimate;
  readonly processMs: Estimate;
  readonly verdict: Verdict;
}

interface Figures {
  readonly benchmark: "plan";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly migrations: number;
  readonly pending: number;
  readonly aimMs: number;
  readonly layouts: Readonly<Record<Layout, LayoutFigures>>;
}

interface Measured {
  readonly startedAt: Date;
  readonly quick: boolean;
  readonly migrations: number;
  readonly pending: number;
  readonly runs: Runs;
}

export function figuresOf({ startedAt, quick, migrations, pending, runs }: Measured): Figures {
  return {
    benchmark: "plan",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    versions: Object.fromEntries(["knex", "mysql2"].map((name) => [name, versionOf(name)])),
    cpus: availableParallelism(),
    migrations,
    pending,
    aimMs: AIM_MS,
    layouts: Object.fromEntries(LAYOUT_NAMES.map((layout) => [layout, layoutFigures(layout, runs[layout], quick)])) as Figures["layouts"],
  };
}

function layoutFigures(layout: Layout, runs: readonly Run[], quick: boolean): LayoutFigures {
  const column = (key: keyof Run): Estimate => estimate(runs.map((run) => run[key]));
  const bothMs = estimate(runs.map(({ openMs, planMs }) => openMs + planMs));
  return {
    label: LAYOUTS[layout].label,
    loadMs: column("loadMs"),
    openMs: column("openMs"),
    planMs: column("planMs"),
    bothMs,
    processMs: column("processMs"),
    verdict: quick ? "within noise" : verdictOf(bothMs),
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function verdictOf({ low, high }: Estimate): Verdict {
  if (high <= AIM_MS) return "reached";
  return low > AIM_MS ? "not reached" : "within noise";
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

export function textOf({ date, node, versions, cpus, seconds, quick, migrations, pending, layouts, aimMs }: Figures): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const row = ({ label, loadMs, openMs, planMs, bothMs, processMs, verdict }: LayoutFigures): string[] => [
    label,
    ...[openMs, planMs, bothMs].map(({ median }) => median.toFixed(0)),
    `${bothMs.low.toFixed(0)} to ${bothMs.high.toFixed(0)}`,
    `<= ${aimMs}`,
    verdict,
    loadMs.median.toFixed(0),
    processMs.median.toFixed(0),
  ];
  const head = [`${migrations} migrations`, "options ms", "plan() ms", "both ms", "95 % interval", "aim", "", "modules ms", "process ms"];
  return [
    [`plan, ${date.slice(0, 10)}: Node ${node.slice(1)}`, ...named, `${cpus} cores`, `${seconds} s`].join(", "),
    table(head, Object.values(layouts).map(row)),
    `${layouts.flat.bothMs.samples} processes of each layout; all but ${pending} of the migrations are applied.`,
    ...(quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}
