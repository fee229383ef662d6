import type { PlannedMigration } from "./plan.js";

type Weighed = Pick<PlannedMigration, "rehearsedMs" | "tableBytes">;

/** What a migration costs besides the rows that it goes through, as so many bytes of a table. */
const BASE_BYTES = 1024 * 1024;

/**
 * What each migration counts for in the percentage: how long it took in the rehearsal, where all of them have been; else the size of the
 * table that it is about; else all the same.
 */
export function weightsOf(plan: readonly Weighed[]): number[] {
  if (plan.every(({ rehearsedMs }) => rehearsedMs !== undefined)) return plan.map(({ rehearsedMs = 0 }) => Math.max(1, rehearsedMs));
  if (plan.some(({ tableBytes }) => tableBytes !== undefined)) return plan.map(({ tableBytes = 0 }) => BASE_BYTES + tableBytes);
  return plan.map(() => 1);
}

/** Whole per cent of a run by weight; 100 only when all are applied, and for an empty plan. `fraction`: of the running migration, 0 to 1. */
export function percentDone(plan: readonly PlannedMigration[], fraction = 0): number {
  if (plan.every(({ status }) => status === "applied")) return 100;
  const weights = weightsOf(plan);
  const total = sum(weights);
  const done = sum(plan.map(({ status }, index) => (weights[index] as number) * shareOf(status, fraction)));
  return Math.min(99, Math.floor((done * 100) / total));
}

/** Of the migration under way. */
export interface RunningPart {
  /** 0 to 1. */
  readonly fraction: number;
  /** What the statement under way will still take by its own pace, ms; null where that can't be said. */
  readonly leftMs: number | null;
}

/**
 * Seconds that the rest will take: as in the rehearsal, where there was one, slower or faster as those applied have been since; else if what
 * is to come goes like what is applied, by weight. The statement under way counts by its own pace, where the server tells it. Null: nothing
 * tells.
 */
export function etaSeconds(plan: readonly PlannedMigration[], part: RunningPart = { fraction: 0, leftMs: null }): number | null {
  if (plan.length === 0) return null;
  const paceMs = paceOf(plan);
  const weights = weightsOf(plan);
  let leftMs = 0;
  for (const [index, { status }] of plan.entries()) {
    if (status === "applied") continue;
    const isKnown = status === "running" && part.leftMs !== null;
    if (isKnown) leftMs += part.leftMs as number;
    else if (paceMs === null) return null;
    else leftMs += paceMs * (weights[index] as number) * (1 - shareOf(status, part.fraction));
  }
  return Math.ceil(leftMs / 1000);
}

/** Less than this says nothing about the machine, ms. */
const TELLING_MS = 1000;

/** ms for one unit of weight; null before the first migration is applied. */
function paceOf(plan: readonly PlannedMigration[]): number | null {
  const isRehearsed = plan.every(({ rehearsedMs }) => rehearsedMs !== undefined);
  const weights = weightsOf(plan);
  const applied = plan.map(({ status }) => status === "applied");
  const spentMs = sum(plan.map(({ ms }, index) => (applied[index] ? (ms ?? 0) : 0)));
  const weight = sum(weights.map((one, index) => (applied[index] ? one : 0)));
  if (isRehearsed) return weight < TELLING_MS ? 1 : spentMs / weight;
  return weight === 0 ? null : spentMs / weight;
}

function shareOf(status: PlannedMigration["status"], fraction: number): number {
  return status === "applied" ? 1 : status === "running" ? Math.min(1, Math.max(0, fraction)) : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
