import { existsSync, readFileSync } from "node:fs";

/** A moment at which a process stood. */
export interface MomentEntry {
  readonly pid: number;
  readonly moment: number;
  readonly point: string;
  readonly migration: string | null;
  readonly statement: string;
}

/** An effect of a step outside the database. */
export interface StepEntry {
  readonly pid: number;
  readonly step: string;
  readonly key: string;
}

export type LogEntry = MomentEntry | StepEntry;

export function readLog(file: string): LogEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LogEntry);
}

export function isStep(entry: LogEntry): entry is StepEntry {
  return "step" in entry;
}

/** Where the last process of the log died, for people. */
export function describeLast(entries: readonly LogEntry[], pid: number): string {
  const last = entries.findLast((entry): entry is MomentEntry => entry.pid === pid && !isStep(entry));
  if (!last) return "before the first moment";
  return `moment ${last.moment}, ${last.point}, ${last.migration ?? "no migration"}: ${last.statement.replace(/\s+/g, " ").slice(0, 160)}`;
}

/**
 * What is wrong with the steps' effects: one that never happened, two keys for one step, or a step that was run again though
 * its value had been journaled: after it the same process had come to another durable moment.
 */
export function problemsOfSteps(entries: readonly LogEntry[], expected: readonly string[]): string[] {
  const steps = entries.filter(isStep);
  return expected.flatMap((name) => {
    const own = steps.filter(({ step }) => step === name);
    if (own.length === 0) return [`the step "${name}" never happened`];
    const keys = new Set(own.map(({ key }) => key));
    const problems = keys.size > 1 ? [`the step "${name}" has ${keys.size} idempotency keys`] : [];
    const first = own.find((entry) => wasDurable(entries, entry));
    if (first && own.indexOf(first) < own.length - 1) problems.push(`the step "${name}" was run again after its value had been journaled`);
    return problems;
  });
}

/** A later statement's intent, or a commit, takes the step's own record along. */
function wasDurable(entries: readonly LogEntry[], step: StepEntry): boolean {
  const after = entries.slice(entries.indexOf(step) + 1).filter((entry): entry is MomentEntry => entry.pid === step.pid && !isStep(entry));
  return after.some(({ point }) => point === "after-intent" || point === "after-commit");
}
