import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, estimate, pairedDifference } from "../statistics.js";
import { table } from "../table.js";
import { PROGRAM_NAMES, PROGRAMS, type ProgramName, type Run, type Runs } from "./programs.js";

const AIM_MS = 60;
/** A control further from 0 than this: the machine was too busy for a verdict. */
const CONTROL_TOLERANCE_MS = 5;

type Verdict = "reached" | "missed" | "within noise";

interface Measured {
  readonly label: string;
  readonly ms: Estimate;
  /** Above the program without upgate; null for that one itself. */
  readonly addedMs: Estimate | null;
  readonly addedCpuMs: Estimate | null;
}

interface Figures {
  readonly benchmark: "import";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly aimMs: number;
  readonly controlHolds: boolean;
  readonly verdict: Verdict;
  readonly programs: Readonly<Record<ProgramName, Measured>>;
}

export function figuresOf({ startedAt, quick, runs }: { startedAt: Date; quick: boolean; runs: Runs }): Figures {
  const column = (name: ProgramName, key: keyof Run): number[] => runs[name].map((run) => run[key]);
  const added = (name: ProgramName, key: keyof Run): Estimate | null =>
    name === "host" ? null : pairedDifference(column(name, key), column("host", key));
  const programs = Object.fromEntries(
    PROGRAM_NAMES.map((name) => [
      name,
      { label: PROGRAMS[name].label, ms: estimate(column(name, "ms")), addedMs: added(name, "ms"), addedCpuMs: added(name, "cpuMs") },
    ]),
  ) as Record<ProgramName, Measured>;
  const controlHolds = Math.abs(programs.control.addedMs?.median ?? 0) <= CONTROL_TOLERANCE_MS;
  return {
    benchmark: "import",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    versions: Object.fromEntries(["express", "knex"].map((name) => [name, versionOf(name)])),
    cpus: availableParallelism(),
    aimMs: AIM_MS,
    controlHolds,
    verdict: controlHolds && !quick ? verdictOf(programs.imports.addedMs as Estimate) : "within noise",
    programs,
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function verdictOf({ low, high }: Estimate): Verdict {
  if (high <= AIM_MS) return "reached";
  return low > AIM_MS ? "missed" : "within noise";
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

export function textOf({ date, node, versions, cpus, seconds, quick, programs, aimMs, controlHolds, verdict }: Figures): string {
  const range = ({ low, high }: Estimate): string => `${low.toFixed(1)} to ${high.toFixed(1)}`;
  const row = (name: ProgramName): string[] => {
    const { label, ms, addedMs, addedCpuMs } = programs[name];
    const aim = name === "imports" ? [`<= ${aimMs}`, verdict] : ["", ""];
    return [
      label,
      ms.median.toFixed(1),
      addedMs?.median.toFixed(1) ?? "",
      addedMs ? range(addedMs) : "",
      addedCpuMs?.median.toFixed(1) ?? "",
      ...aim,
    ];
  };
  return [
    `import, ${date.slice(0, 10)}: Node ${node.slice(1)}, Express ${versions["express"]}, knex ${versions["knex"]}, ${cpus} cores, ${seconds} s`,
    table(["a program that imports", "ms", "added ms", "95 % interval", "added CPU ms", "aim", ""], PROGRAM_NAMES.map(row)),
    `${programs.host.ms.samples} processes of each program, from start to exit.`,
    ...(controlHolds ? [] : [`The control is off by more than ${CONTROL_TOLERANCE_MS} ms: the machine was too busy, run it again.`]),
    ...(quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}
