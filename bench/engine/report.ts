import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, median, pairedRatio } from "../statistics.js";
import { table } from "../table.js";
import { CASES, type CaseName } from "./cases.js";
import { type Contender, CONTENDER_NAMES, CONTENDERS, type Run, type Runs } from "./contenders.js";

/** Ours by knex's. */
const AIM = 1;
/** A control further from 1 than this: the machine was too busy for a verdict. */
const CONTROL_TOLERANCE = 0.05;

type Verdict = "reached" | "not reached" | "within noise";

interface MeasuredCase {
  readonly name: CaseName;
  readonly migrations: number;
  readonly statements: number;
  readonly runs: Runs;
}

interface Measured {
  readonly startedAt: Date;
  readonly quick: boolean;
  readonly server: string;
  readonly cases: readonly MeasuredCase[];
}

interface Row {
  readonly label: string;
  readonly ms: number;
  readonly cpuMs: number | null;
  readonly queries: number | null;
  /** By knex's run of the same round; null for that one itself. */
  readonly byKnex: Estimate | null;
}

interface CaseFigures {
  readonly label: string;
  readonly migrations: number;
  readonly statements: number;
  readonly contenders: Readonly<Record<Contender, Row>>;
  /** upgate without what comes once a run. */
  readonly migrationsOnly: Row;
  readonly controlHolds: boolean;
  readonly verdict: Verdict;
}

interface Figures {
  readonly benchmark: "engine";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly server: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly rounds: number;
  readonly aim: number;
  readonly cases: Readonly<Partial<Record<CaseName, CaseFigures>>>;
}

export function figuresOf({ startedAt, quick, server, cases }: Measured): Figures {
  return {
    benchmark: "engine",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    server,
    versions: Object.fromEntries(["knex", "umzug", "mysql2"].map((name) => [name, versionOf(name)])),
    cpus: availableParallelism(),
    rounds: cases[0]?.runs.knex.length ?? 0,
    aim: AIM,
    cases: Object.fromEntries(cases.map((measured) => [measured.name, caseFigures(measured, quick)])),
  };
}

function caseFigures({ name, migrations, statements, runs }: MeasuredCase, quick: boolean): CaseFigures {
  const msOf = (contender: Contender): number[] => runs[contender].map(({ ms }) => ms);
  const row = (label: string, ms: number[], measured: readonly Run[] | null): Row => ({
    label,
    ms: median(ms),
    cpuMs: measured && median(measured.map(({ cpuMs }) => cpuMs)),
    queries: measured && median(measured.map(({ queries }) => queries)),
    byKnex: measured === runs.knex ? null : pairedRatio(ms, msOf("knex")),
  });
  const contenders = Object.fromEntries(
    CONTENDER_NAMES.map((contender) => [contender, row(CONTENDERS[contender].label, msOf(contender), runs[contender])]),
  ) as Record<Contender, Row>;
  const controlHolds = Math.abs((contenders.control.byKnex?.median ?? 1) - 1) <= CONTROL_TOLERANCE;
  const onlyMs = runs.upgate.map(({ migrationsMs }) => migrationsMs ?? Number.NaN);
  return {
    label: CASES[name].label,
    migrations,
    statements,
    contenders,
    migrationsOnly: row("upgate, its migrations only", onlyMs, null),
    controlHolds,
    verdict: controlHolds && !quick ? verdictOf(contenders.upgate.byKnex as Estimate) : "within noise",
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function verdictOf({ low, high }: Estimate): Verdict {
  if (high <= AIM) return "reached";
  return low > AIM ? "not reached" : "within noise";
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

export function textOf(figures: Figures): string {
  const { date, node, server, versions, cpus, seconds, quick, rounds } = figures;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    [`engine, ${date.slice(0, 10)}: Node ${node.slice(1)}`, server, ...named, `${cpus} cores`, `${seconds} s`].join(", "),
    ...Object.values(figures.cases).flatMap(caseText),
    `Medians of ${rounds} rounds; the ratio is that of the runs of one round, with its 95 % interval.`,
    ...(quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}

function caseText({ label, migrations, statements, contenders, migrationsOnly, controlHolds, verdict }: CaseFigures): string[] {
  const line = ({ label: name, ms, cpuMs, queries, byKnex }: Row): string[] => [
    name,
    ms.toFixed(0),
    (ms / migrations).toFixed(2),
    cpuMs?.toFixed(0) ?? "",
    queries === null ? "" : String(queries),
    byKnex?.median.toFixed(3) ?? "",
    byKnex ? `${byKnex.low.toFixed(3)} to ${byKnex.high.toFixed(3)}` : "",
  ];
  const { upgate, ...others } = contenders;
  const head = [`${migrations} migrations, ${statements} statements`, "ms", "ms each", "CPU ms", "queries", "by knex", "95 % interval"];
  return [
    `${label}\n${table(head, [upgate, migrationsOnly, ...Object.values(others)].map(line))}`,
    `aim: ours <= ${AIM.toFixed(1)} of knex: ${verdict}${controlHolds ? "" : " (the control is off by more than 5 %: the machine was too busy, run it again)"}`,
  ];
}
