import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, median, pairedRatio } from "../statistics.js";
import { table } from "../table.js";
import { type AllRuns, type Contender, CONTENDER_NAMES, CONTENDERS, labelOf, type Run, type Task, TASKS } from "./contenders.js";
import type { Site } from "./site.js";

const AIM_RATIO = 0.95;
const AIM_PEAK_MB = 150;
/** A control further from 1 than this: the machine was too busy for a verdict. */
const CONTROL_TOLERANCE = 0.05;

type Verdict = "reached" | "missed" | "within noise";

const HEADS: Readonly<Record<Task, string>> = { create: "made by", check: "proven by reading", restore: "restored by" };

interface Measured {
  readonly label: string;
  readonly seconds: number;
  /** Of rows. */
  readonly mbPerSecond: number;
  /** Speed by that of the pipeline; null for that one itself, and where there is none. */
  readonly ratio: Estimate | null;
  /** On the disk; null: it has written no file. */
  readonly mb: number | null;
  /** The most of all runs. */
  readonly peakMb: number | null;
  readonly basePeakMb: number | null;
  readonly treePeakMb: number;
  readonly rounds: number;
}

interface Memory {
  readonly smallPeakMb: number;
  readonly largePeakMb: number;
  readonly verdict: Verdict;
}

interface Figures {
  readonly benchmark: "backup";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly server: string;
  readonly mysqldump: string;
  readonly cpus: number;
  readonly mb: number;
  readonly smallMb: number;
  readonly rows: number;
  readonly rounds: number;
  readonly controlHolds: Readonly<Record<"create" | "restore", boolean>>;
  readonly verdicts: Readonly<Record<"create" | "restore", Verdict>>;
  readonly memory: Readonly<Record<Task, Memory>>;
  readonly tasks: Readonly<Record<Task, Readonly<Partial<Record<Contender, Measured>>>>>;
  readonly notes: Readonly<Partial<Record<Contender, string>>>;
}

interface Measurements extends Pick<Figures, "quick" | "server"> {
  readonly startedAt: Date;
  readonly site: Site;
  readonly smallSite: Site;
  readonly runs: AllRuns;
  readonly smallRuns: AllRuns;
  readonly notes: ReadonlyMap<Contender, string>;
}

export function figuresOf({ startedAt, quick, server, site, smallSite, runs, smallRuns, notes }: Measurements): Figures {
  const tasks = Object.fromEntries(TASKS.map((task) => [task, measuredOf(task, runs, site.mb)])) as Figures["tasks"];
  const controlHolds = (task: Task): boolean => Math.abs((tasks[task].control?.ratio?.median ?? 0) - 1) <= CONTROL_TOLERANCE;
  const verdict = (task: Task): Verdict =>
    controlHolds(task) && !quick ? rateVerdict(tasks[task].ours?.ratio as Estimate) : "within noise";
  const memory = Object.fromEntries(TASKS.map((task) => [task, memoryOf(smallRuns[task].ours, runs[task].ours)])) as Figures["memory"];
  return {
    benchmark: "backup",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    server,
    mysqldump: (createRequire(import.meta.url)("mysqldump/package.json") as { version: string }).version,
    cpus: availableParallelism(),
    mb: site.mb,
    smallMb: smallSite.mb,
    rows: site.rows,
    rounds: runs.create.pipeline.length,
    controlHolds: { create: controlHolds("create"), restore: controlHolds("restore") },
    verdicts: { create: verdict("create"), restore: verdict("restore") },
    memory,
    tasks,
    notes: Object.fromEntries(notes),
  };
}

function measuredOf(task: Task, runs: AllRuns, mb: number): Partial<Record<Contender, Measured>> {
  const rates = (name: Contender): number[] => runs[task][name].map(({ ms }) => (mb * 1000) / ms);
  const measured = (name: Contender): Measured => {
    const own = runs[task][name];
    const bases = runs[task].pipeline.length > 0 && name !== "pipeline" ? rates("pipeline") : null;
    const bytes = own.map((run) => run.bytes).filter((value) => value !== null);
    return {
      label: labelOf(task, name),
      seconds: median(own.map(({ ms }) => ms)) / 1000,
      mbPerSecond: median(rates(name)),
      ratio: bases ? pairedRatio(rates(name), bases) : null,
      mb: bytes.length > 0 ? inMb(median(bytes)) : null,
      peakMb: mostOf(own, "peak"),
      basePeakMb: mostOf(own, "basePeak"),
      treePeakMb: mostOf(own, "treePeak") ?? 0,
      rounds: own.length,
    };
  };
  return Object.fromEntries(CONTENDER_NAMES.filter((name) => runs[task][name].length > 0).map((name) => [name, measured(name)]));
}

function memoryOf(small: readonly Run[], large: readonly Run[]): Memory {
  const smallPeakMb = mostOf(small, "peak") ?? Infinity;
  const largePeakMb = mostOf(large, "peak") ?? Infinity;
  return { smallPeakMb, largePeakMb, verdict: Math.max(smallPeakMb, largePeakMb) < AIM_PEAK_MB ? "reached" : "missed" };
}

function mostOf(runs: readonly Run[], key: "peak" | "basePeak" | "treePeak"): number | null {
  const values = runs.map((run) => run[key]).filter((value) => value !== null);
  return values.length > 0 ? inMb(Math.max(...values)) : null;
}

const inMb = (bytes: number): number => bytes / 1e6;

/** Certain only when the whole interval lies on one side of the aim. */
function rateVerdict({ low, high }: Estimate): Verdict {
  if (low >= AIM_RATIO) return "reached";
  return high < AIM_RATIO ? "missed" : "within noise";
}

export function textOf(figures: Figures): string {
  const { verdicts, memory, controlHolds, mb, smallMb, notes } = figures;
  const busy = (["create", "restore"] as const).filter((task) => !controlHolds[task]);
  const memoryRow = (task: Task): string[] => {
    const { smallPeakMb, largePeakMb, verdict } = memory[task];
    return [task, smallPeakMb.toFixed(0), largePeakMb.toFixed(0), `< ${AIM_PEAK_MB}`, verdict];
  };
  return [
    `backup, ${figures.date.slice(0, 10)}: ${figures.server}, Node ${figures.node.slice(1)}, mysqldump ${figures.mysqldump}, ${figures.cpus} cores, ${figures.seconds} s`,
    ...TASKS.map((task) => taskTable(task, figures)),
    `Rounds: ${figures.rounds}, on ${mb.toFixed(0)} MB of rows, ${figures.rows} of them; npm's mysqldump once.`,
    table(
      ["speed by the pipeline's", "aim", ""],
      (["create", "restore"] as const).map((task) => [task, `>= ${AIM_RATIO}`, verdicts[task]]),
    ),
    table(["upgate's process, MB", `${smallMb.toFixed(0)} MB of rows`, `${mb.toFixed(0)} MB of rows`, "aim", ""], TASKS.map(memoryRow)),
    ...Object.entries(notes).map(([name, note]) => `${labelOf("create", name as Contender)}: ${note}.`),
    ...busy.map(
      (task) => `The control of ${task} is off by more than ${CONTROL_TOLERANCE * 100} %: the machine was too busy, run it again.`,
    ),
    ...(figures.quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}

function taskTable(task: Task, { tasks }: Figures): string {
  const text = (value: number | null): string => value?.toFixed(0) ?? "";
  const row = (name: Contender): string[] => {
    const measured = tasks[task][name];
    if (!measured) return [];
    const { label, seconds, mbPerSecond, ratio, mb, peakMb, basePeakMb, treePeakMb, rounds } = measured;
    return [
      label,
      seconds.toFixed(2),
      mbPerSecond.toFixed(1),
      ratio?.median.toFixed(3) ?? "",
      ratio && rounds > 1 ? `${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)}` : "",
      ...(task === "create" ? [mb?.toFixed(1) ?? ""] : []),
      ...[basePeakMb, peakMb, treePeakMb].map(text),
    ];
  };
  const head = [HEADS[task], "s", "MB/s", "ratio", "95 % interval"];
  const size = task === "create" ? ["MB on disk"] : [];
  const names = CONTENDER_NAMES.filter((name) => name in CONTENDERS[task] && name in tasks[task]);
  return table([...head, ...size, "MB at start", "MB of Node", "MB in all"], names.map(row));
}
