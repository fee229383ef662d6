import { type Estimate, estimate, pairedRatio } from "../statistics.js";
import { table } from "../table.js";

const AIM_MS = 2000;
const AIM_RATIO = 1.2;
const AIM_HOLD_MS = 50;

interface Measured {
  readonly ms: number;
  /** The longest that the event loop was held. */
  readonly holdMs: number;
}

export interface Round {
  /** Nothing is known of the files yet. */
  readonly first: Measured;
  /** The same process once more: their stamps are known. */
  readonly again: Measured;
  /** The same time without work: what the machine itself does to the event loop. */
  readonly idle: Measured;
  readonly plainMs: number;
  readonly parallelMs: number;
}

type Verdict = "reached" | "missed" | "within noise";

interface Figures {
  readonly benchmark: "integrity";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly cpus: number;
  readonly files: number;
  readonly bytes: number;
  readonly aims: { readonly ms: number; readonly ratio: number; readonly holdMs: number };
  readonly ms: Readonly<Record<"first" | "again" | "plain" | "parallel", Estimate>>;
  readonly ratios: { readonly plain: Estimate; readonly parallel: Estimate };
  /** The longest of all rounds, ms. */
  readonly longestHoldMs: { readonly first: number; readonly again: number; readonly idle: number };
  readonly holdMs: Readonly<Record<"first" | "again" | "idle", Estimate>>;
  readonly verdicts: { readonly ms: Verdict; readonly ratio: Verdict; readonly hold: Verdict };
}

interface Measurements {
  readonly startedAt: Date;
  readonly quick: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly cpus: number;
  readonly rounds: readonly Round[];
}

export function figuresOf({ startedAt, quick, files, bytes, cpus, rounds }: Measurements): Figures {
  const column = (read: (round: Round) => number): number[] => rounds.map(read);
  const first = column((round) => round.first.ms);
  const ratios = {
    plain: pairedRatio(
      first,
      column(({ plainMs }) => plainMs),
    ),
    parallel: pairedRatio(
      first,
      column(({ parallelMs }) => parallelMs),
    ),
  };
  const holds = (name: "first" | "again" | "idle"): number[] => column((round) => round[name].holdMs);
  const ms = {
    first: estimate(first),
    again: estimate(column((round) => round.again.ms)),
    plain: estimate(column(({ plainMs }) => plainMs)),
    parallel: estimate(column(({ parallelMs }) => parallelMs)),
  };
  const holdMs = { first: estimate(holds("first")), again: estimate(holds("again")), idle: estimate(holds("idle")) };
  const verdict = (measured: Estimate, aim: number): Verdict => (quick ? "within noise" : verdictOf(measured, aim));
  return {
    benchmark: "integrity",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    quick,
    node: process.version,
    cpus,
    files,
    bytes,
    aims: { ms: AIM_MS, ratio: AIM_RATIO, holdMs: AIM_HOLD_MS },
    ms,
    ratios,
    holdMs,
    longestHoldMs: { first: Math.max(...holds("first")), again: Math.max(...holds("again")), idle: Math.max(...holds("idle")) },
    verdicts: { ms: verdict(ms.first, AIM_MS), ratio: verdict(ratios.parallel, AIM_RATIO), hold: verdict(holdMs.first, AIM_HOLD_MS) },
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function verdictOf({ low, high }: Estimate, aim: number): Verdict {
  if (high <= aim) return "reached";
  return low > aim ? "missed" : "within noise";
}

export function textOf({
  date,
  node,
  cpus,
  files,
  bytes,
  seconds,
  quick,
  ms,
  ratios,
  holdMs,
  longestHoldMs,
  aims,
  verdicts,
}: Figures): string {
  const range = ({ low, high }: Estimate, digits: number): string => `${low.toFixed(digits)} to ${high.toFixed(digits)}`;
  const row = (label: string, figure: Estimate, digits: number, ...rest: string[]): string[] => [
    label,
    figure.median.toFixed(digits),
    range(figure, digits),
    ...rest,
  ];
  const held = (name: "first" | "again" | "idle", label: string, ...rest: string[]): string[] => [
    ...row(label, holdMs[name], 1),
    longestHoldMs[name].toFixed(1),
    ...rest,
  ];
  return [
    `integrity, ${date.slice(0, 10)}: Node ${node.slice(1)}, ${files} files, ${Math.round(bytes / 1e6)} MB, ${cpus} cores, ${seconds} s`,
    table(
      ["", "ms", "95 % interval", "aim", ""],
      [
        row("upgate, nothing known of the files yet", ms.first, 0, `<= ${aims.ms}`, verdicts.ms),
        row("upgate again, stamps known", ms.again, 0),
        row("sha256sum, two at once", ms.parallel, 0),
        row("sha256sum", ms.plain, 0),
      ],
    ),
    table(
      ["upgate by", "ratio", "95 % interval", "aim", ""],
      [row("sha256sum, two at once", ratios.parallel, 2, `<= ${aims.ratio}`, verdicts.ratio), row("sha256sum", ratios.plain, 2)],
    ),
    table(
      ["event loop held, ms", "longest of a run", "95 % interval", "longest of all", "aim", ""],
      [
        held("first", "first comparison, with the manifest read", `<= ${aims.holdMs}`, verdicts.hold),
        held("again", "again"),
        held("idle", "as long without work"),
      ],
    ),
    `${ms.first.samples} rounds.`,
    ...(quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}
