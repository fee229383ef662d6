import type { HistoryEntry, MigrationFile } from "./migration.js";
import { compareVersions } from "./version.js";

export type PlanStatus = "pending" | "running" | "applied" | "failed";

export interface PlannedMigration {
  readonly name: string;
  readonly version: string;
  readonly status: PlanStatus;
  /** Wall time in ms; null until applied. */
  readonly ms: number | null;
  /** Wall time in the rehearsal, ms; absent where there was none. */
  readonly rehearsedMs?: number;
  /** Of the largest table that its file names, as it was at the start; absent where that is not known. */
  readonly tableBytes?: number;
}

/** Semver order of the release, then file name by code unit, as knex sorts. */
export function sortMigrations<T extends { readonly name: string; readonly version: string }>(files: readonly T[]): T[] {
  const ranks = versionRanks(new Set(files.map(({ version }) => version)));
  const rank = ({ version }: T): number => ranks.get(version) as number;
  return files.toSorted((a, b) => (a.version === b.version ? 0 : rank(a) - rank(b)) || byName(a, b));
}

/** By code unit. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** To compare two versions means to parse both: too dear for each pair of files. */
function versionRanks(versions: ReadonlySet<string>): Map<string, number> {
  const sorted = [...versions].toSorted(compareVersions);
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [index, version] of sorted.entries()) {
    if (index > 0 && compareVersions(sorted[index - 1] as string, version) !== 0) rank++;
    ranks.set(version, rank);
  }
  return ranks;
}

/**
 * The migrations still to apply for the code version, in order: those of releases up to it that the history does not
 * hold as finished. Files of later releases are not part of this code's plan. `prunedBefore`: on a database that is not
 * new, those of releases before it count as applied; what is left of them serves new installations. Null: none do.
 */
export function pendingMigrations(
  files: readonly MigrationFile[],
  history: readonly Pick<HistoryEntry, "name" | "finishedAt">[],
  codeVersion: string,
  prunedBefore: string | null = null,
): MigrationFile[] {
  const applied = new Set<string>();
  for (const entry of history) if (entry.finishedAt !== null) applied.add(entry.name);
  const isDue = ({ name, version }: MigrationFile): boolean =>
    !applied.has(name) &&
    compareVersions(version, codeVersion) <= 0 &&
    (prunedBefore === null || compareVersions(version, prunedBefore) >= 0);
  return sortMigrations(files.filter(isDue));
}

/**
 * A run's plan as everybody may read it: the names recorded when the run started, each with what the history says.
 * `stopped` is true for a run that is no longer executing: its unfinished migration counts as failed.
 */
export function planProgress(
  planned: readonly Pick<PlannedMigration, "name" | "version" | "rehearsedMs" | "tableBytes">[],
  history: readonly HistoryEntry[],
  stopped: boolean,
): PlannedMigration[] {
  const entries = new Map(history.map((entry) => [entry.name, entry]));
  return planned.map((migration) => {
    const entry = entries.get(migration.name);
    if (!entry) return { ...migration, status: "pending", ms: null };
    if (entry.finishedAt !== null) return { ...migration, status: "applied", ms: entry.durationMs };
    return { ...migration, status: stopped ? "failed" : "running", ms: null };
  });
}
