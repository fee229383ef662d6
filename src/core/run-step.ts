import type { BackfillProgress } from "./backfill.js";
import type { SqlDialect } from "./statement-kinds.js";
import { withoutValues } from "./statement-values.js";

/** What the database does for the run just now, as far as that can be seen. */
export interface RunStep {
  readonly migration: string;
  readonly kind: "statement" | "backfill";
  /** The statement without values, at most 1,000 characters; or the backfill's name. */
  readonly text: string;
  /** How long it has been under way, whole s; null: that is not known. */
  readonly seconds: number | null;
  /** Where the server tells of stages; `number` and `count` are null where it does not count them. */
  readonly stage: RunStage | null;
  /** Of this step, 0 to 100, whole; null: the server gives no figures. */
  readonly percent: number | null;
  /** Of a backfill: gone through, and in all where that is known. */
  readonly rows: number | null;
  readonly totalRows: number | null;
}

export interface RunStage {
  readonly name: string;
  readonly number: number | null;
  readonly count: number | null;
}

/** A statement of the run as the server's own list shows it. */
export interface LiveStatement {
  readonly text: string;
  readonly seconds: number;
  readonly stage: RunStage | null;
  /** Of the whole statement, 0 to 100. */
  readonly percent: number | null;
}

/** `idle`: the server carries out nothing of the run's; `unseen`: that can't be told. */
export type LiveReading = LiveStatement | "idle" | "unseen";

/** What the journal's latest entries tell of the way of a migration. */
export interface JournaledStep {
  readonly sequence: number;
  readonly kind: string;
  readonly migration: string | null;
  /** The entry that this one speaks of. */
  readonly of: number | null;
  readonly statement: string | null;
  readonly intentAt: string | null;
  readonly doneAt: string | null;
  /** Of `backfill` and `take` whole, of others the beginning. */
  readonly answer: string | null;
}

export interface StepFacts {
  readonly migration: string;
  /** In the order of the journal. */
  readonly entries: readonly JournaledStep[];
  readonly live: LiveReading;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly dialect: SqlDialect;
}

const LONGEST_TEXT = 1000;
/** Shorter ones say nothing about how far a migration has come, ms. */
const LONG_MS = 2000;
/** upgate's own: the journal, the end of a transaction, a look at a table before it is changed. */
const BOOKKEEPING =
  /^\s*(?:\/\*[^*]*\*\/\s*)?(?:begin|commit|rollback|show|set|kill|select\s+(?:get_lock|@@|connection_id))\b|\bupgate_\w+/i;

/** The step under way; null: none is seen. */
export function stepOf({ migration, entries, live, now, dialect }: StepFacts): RunStep | null {
  const own = entries.filter((entry) => entry.migration === migration);
  const last = own.findLast(({ kind }) => kind !== "done");
  const backfill = last?.kind === "backfill" ? backfillStep(migration, last) : null;
  if (backfill) return backfill;
  const common = { migration, kind: "statement", rows: null, totalRows: null } as const;
  if (typeof live === "object" && !BOOKKEEPING.test(live.text)) {
    const { text, seconds, stage, percent } = live;
    return { ...common, text: withoutValues(text, dialect, LONGEST_TEXT), seconds, stage, percent };
  }
  if (live === "idle") return null;
  const intent = own.findLast(({ intentAt }) => intentAt !== null);
  if (!intent?.statement || own.some(({ of }) => of === intent.sequence)) return null;
  const seconds = Math.max(0, Math.floor((Date.parse(now) - Date.parse(intent.intentAt as string)) / 1000));
  const text = intent.kind === "step" ? intent.statement : withoutValues(intent.statement, dialect, LONGEST_TEXT);
  return { ...common, text, seconds, stage: null, percent: null };
}

function backfillStep(migration: string, { statement, answer }: JournaledStep): RunStep | null {
  if (answer === null) return null;
  const { rows, total, finished } = JSON.parse(answer) as BackfillProgress;
  if (finished) return null;
  const totalRows = total === null || total < rows ? null : total;
  const percent = totalRows === null || totalRows === 0 ? null : Math.floor((rows / totalRows) * 100);
  return { migration, kind: "backfill", text: statement ?? "", seconds: null, stage: null, percent, rows, totalRows };
}

/**
 * How much of a migration is done, 0 to 1, by what is known without a rehearsal: each long step takes four fifths of what is left, so that
 * it never goes back however many are to come, and a single long ALTER moves it evenly.
 */
export function fractionOf({ migration, entries }: Pick<StepFacts, "migration" | "entries">, step: RunStep | null): number {
  const left = LEFT_AFTER_STEP ** longSteps(entries.filter((entry) => entry.migration === migration));
  return 1 - left * (1 - (1 - LEFT_AFTER_STEP) * ((step?.percent ?? 0) / 100));
}

const LEFT_AFTER_STEP = 0.2;

function longSteps(entries: readonly JournaledStep[]): number {
  const begun = new Map(entries.map((entry) => [entry.sequence, entry.intentAt]));
  const long = entries.filter(({ kind, of, doneAt }) => {
    const since = of === null ? null : begun.get(of);
    return kind === "done" && since && doneAt && Date.parse(doneAt) - Date.parse(since) >= LONG_MS;
  });
  const backfills = entries.filter(({ kind, answer }) => kind === "backfill" && answer !== null && isLongBackfill(answer));
  return long.length + backfills.length;
}

function isLongBackfill(answer: string): boolean {
  const { finished, batches } = JSON.parse(answer) as BackfillProgress;
  return finished && batches > 1;
}

/** What the rest of the step will take if it goes on as it has, ms; null where that can't be said. */
export function stepLeftMs(step: RunStep | null): number | null {
  if (!step || step.seconds === null || step.percent === null || step.percent < LEAST_TELLING_PERCENT) return null;
  return ((step.seconds * 1000) / step.percent) * (100 - step.percent);
}

const LEAST_TELLING_PERCENT = 3;

/** One sentence about the step for people; a step without figures is told as one. */
export function describeStep(step: RunStep | null): string {
  if (step === null) return "This change shows no figures until it is done.";
  const { stage, percent, rows, totalRows, seconds } = step;
  if (rows !== null) return totalRows === null ? `${count(rows)} rows done.` : `${count(rows)} of ${count(totalRows)} rows done.`;
  if (percent === null) {
    return seconds === null
      ? "The database gives no figures for this statement."
      : `The database gives no figures for this statement. It has been at work for ${seconds} s.`;
  }
  const done = seconds ? `${percent} % of this statement is done, after ${seconds} s.` : `${percent} % of this statement is done.`;
  if (stage === null) return done;
  return stage.number === null ? `${done} Stage: ${stage.name}.` : `${done} Stage ${stage.number} of ${stage.count}: ${stage.name}.`;
}

function count(rows: number): string {
  return rows.toLocaleString("en-US");
}
