import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { type Estimate, median, pairedRatio } from "../statistics.js";
import { table } from "../table.js";
import { type Sample, VARIANT_NAMES, VARIANTS, type VariantName } from "./variants.js";

const AIM_RATIO = 0.9;
const AIM_BATCH_MS = 500;
/** Above this, memory is not flat. */
const AIM_GROWN_MB = 30;
/** A control further from 1 than this: the machine was too busy for a verdict. */
const CONTROL_TOLERANCE = 0.05;

/** Of each variant its runs; those of one index were measured next to each other. */
export type Samples = Readonly<Record<VariantName, Sample[]>>;

type Verdict = "reached" | "missed" | "within noise";

interface Measured {
  readonly label: string;
  readonly rowsPerSecond: number;
  /** By the single UPDATE's rate; null for that one itself. */
  readonly ratio: Estimate | null;
  readonly batches: number;
  /** Of all runs. */
  readonly longestBatchMs: number;
  readonly grownMb: number;
}

interface Figures {
  readonly benchmark: "backfill";
  readonly date: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly node: string;
  readonly knex: string;
  readonly server: string;
  readonly cpus: number;
  readonly rounds: number;
  readonly rows: number;
  /** Rows that were changed row by row; the rate is told as if all were. */
  readonly part: number;
  readonly controlHolds: boolean;
  readonly verdicts: Readonly<Record<"rate" | "longestBatch" | "memory", Verdict>>;
  readonly variants: Readonly<Record<VariantName, Measured>>;
}

interface Measurements extends Pick<Figures, "quick" | "rows" | "part" | "server"> {
  readonly startedAt: Date;
  readonly samples: Samples;
}

export function figuresOf({ startedAt, samples, ...given }: Measurements): Figures {
  const rates = (name: VariantName): number[] => samples[name].map(({ rowsPerSecond }) => rowsPerSecond);
  const measured = (name: VariantName): Measured => ({
    label: VARIANTS[name].label,
    rowsPerSecond: Math.round(median(rates(name))),
    ratio: name === "single" ? null : pairedRatio(rates(name), rates("single")),
    batches: median(samples[name].map(({ batches }) => batches)),
    longestBatchMs: Math.max(...samples[name].map(({ longestBatchMs }) => longestBatchMs)),
    grownMb: Math.max(...samples[name].map(({ grownMb }) => grownMb)),
  });
  const variants = Object.fromEntries(VARIANT_NAMES.map((name) => [name, measured(name)])) as Record<VariantName, Measured>;
  const { ours, control } = variants;
  const controlHolds = Math.abs((control.ratio as Estimate).median - 1) <= CONTROL_TOLERANCE;
  const isTrusted = controlHolds && !given.quick;
  return {
    benchmark: "backfill",
    date: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    node: process.version,
    knex: (createRequire(import.meta.url)("knex/package.json") as { version: string }).version,
    cpus: availableParallelism(),
    rounds: samples.single.length,
    ...given,
    controlHolds,
    verdicts: {
      rate: isTrusted ? rateVerdict(ours.ratio as Estimate) : "within noise",
      longestBatch: ours.longestBatchMs <= AIM_BATCH_MS ? "reached" : "missed",
      memory: ours.grownMb <= AIM_GROWN_MB ? "reached" : "missed",
    },
    variants,
  };
}

/** Certain only when the whole interval lies on one side of the aim. */
function rateVerdict({ low, high }: Estimate): Verdict {
  if (low >= AIM_RATIO) return "reached";
  return high < AIM_RATIO ? "missed" : "within noise";
}

export function textOf(figures: Figures): string {
  const { variants, verdicts, rows, part } = figures;
  const row = (name: VariantName): string[] => {
    const { label, rowsPerSecond, ratio, batches, longestBatchMs, grownMb } = variants[name];
    return [
      label,
      String(rowsPerSecond),
      ratio?.median.toFixed(3) ?? "",
      ratio ? `${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)}` : "",
      String(batches),
      longestBatchMs.toFixed(0),
      VARIANTS[name].isPart ? "" : grownMb.toFixed(1),
    ];
  };
  return [
    `backfill, ${figures.date.slice(0, 10)}: ${figures.server}, Node ${figures.node.slice(1)}, knex ${figures.knex}, ${figures.cpus} cores, ${figures.seconds} s`,
    table(["change of every row by", "rows/s", "ratio", "95 % interval", "batches", "longest ms", "MB grown"], VARIANT_NAMES.map(row)),
    `${figures.rounds} rounds on ${rows} rows; row by row on ${part} of them only, the rate is told as if for all.`,
    table(
      ["aim", "", ""],
      [
        ["rate by a single UPDATE's", `>= ${AIM_RATIO}`, verdicts.rate],
        ["longest batch of all rounds, ms", `<= ${AIM_BATCH_MS}`, verdicts.longestBatch],
        ["memory grown, MB", `<= ${AIM_GROWN_MB}`, verdicts.memory],
      ],
    ),
    ...(figures.controlHolds
      ? []
      : [`The control is off by more than ${CONTROL_TOLERANCE * 100} %: the machine was too busy, run it again.`]),
    ...(figures.quick ? ["A quick run shows that the benchmark works; it is too short for a verdict."] : []),
  ].join("\n\n");
}
