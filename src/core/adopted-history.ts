import type { HistoryEntry, MigrationFile } from "./migration.js";
import { compareVersions } from "./version.js";

/** The run that entries name which knex's own migrator had recorded. */
export const KNEX_RUN = "knex";
/** The run that entries name which follow from somebody's word: a version row, or `upgate baseline`. */
export const BASELINE_RUN = "baseline";
/** The run that entries name which an operator has written down as applied, without running them. */
export const SKIPPED_RUN = "skipped";

/** A row of the table in which knex's own migrator keeps its history. */
export interface KnexMigration {
  /** File name with extension, as knex writes it. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
}

/**
 * Where the history comes from. `own`: upgate has written it. Until then, `knex`: its migrator's table holds migrations of
 * this release. `version row`: the installed release has all migrations up to it. `untold`: there is a version row, but the
 * migrations lie in one folder, and nothing tells which of them it has. `nothing`: neither a row nor a history.
 */
export type HistoryOrigin = "own" | "knex" | "version row" | "untold" | "nothing";

export interface KnownHistory {
  readonly origin: HistoryOrigin;
  /** Every migration that was begun or counts as applied. */
  readonly entries: readonly HistoryEntry[];
  /** Those of them that upgate has yet to write down. */
  readonly adopted: readonly HistoryEntry[];
}

export interface HistoryFacts {
  /** What upgate has recorded itself. */
  readonly own: readonly HistoryEntry[];
  /** Whether that is the whole history from now on. */
  readonly isOwn: boolean;
  /** Null where there is no such table. */
  readonly knex: readonly KnexMigration[] | null;
  readonly files: readonly MigrationFile[];
  /** Null: there is no usable version row. */
  readonly installedVersion: string | null;
  readonly codeVersion: string;
}

/** What counts as applied, and on whose word. */
export function knownHistory({ own, isOwn, knex, files, installedVersion, codeVersion }: HistoryFacts): KnownHistory {
  if (isOwn) return { origin: "own", entries: own, adopted: [] };
  const recorded = knexEntries(knex ?? [], files, codeVersion);
  if (recorded.matched > 0) return { origin: "knex", entries: withEntries(own, recorded.entries), adopted: recorded.entries };
  if (own.length > 0) return { origin: "own", entries: own, adopted: [] };
  if (installedVersion === null) return { origin: "nothing", entries: [], adopted: [] };
  if (hasFlatFiles(files) && compareVersions(installedVersion, codeVersion) < 0) return { origin: "untold", entries: [], adopted: [] };
  const implied = files.filter(({ version }) => compareVersions(version, installedVersion) <= 0).map(impliedEntry);
  return { origin: "version row", entries: implied, adopted: implied };
}

/** Whether migrations lie outside of release folders: then all of them belong to the code version. */
export function hasFlatFiles(files: readonly MigrationFile[]): boolean {
  return files.some(({ name, version }) => !name.startsWith(`${version}/`));
}

const UNKNOWN_TIME = new Date(0).toISOString();

function impliedEntry({ name, version }: MigrationFile): HistoryEntry {
  return { name, version, sha256: "", runId: BASELINE_RUN, startedAt: UNKNOWN_TIME, finishedAt: UNKNOWN_TIME, durationMs: null };
}

/**
 * A file is found by its name, also below a release's folder: vendors may have moved it there; a name that two releases
 * share is not taken for either. `matched`: how many rows are migrations of this release; none: they belong to something else.
 */
function knexEntries(
  rows: readonly KnexMigration[],
  files: readonly MigrationFile[],
  codeVersion: string,
): { readonly entries: HistoryEntry[]; readonly matched: number } {
  const byName = filesByName(files);
  let matched = 0;
  const entries = rows.map(({ name, appliedAt }): HistoryEntry => {
    const plain = name.replace(/\.[cm]?[jt]s$/, "");
    const file = byName.get(plain) ?? null;
    if (file) matched++;
    const times = { startedAt: appliedAt, finishedAt: appliedAt, durationMs: null };
    return { name: file?.name ?? plain, version: file?.version ?? codeVersion, sha256: "", runId: KNEX_RUN, ...times };
  });
  return { entries, matched };
}

function filesByName(files: readonly MigrationFile[]): Map<string, MigrationFile | null> {
  const found = new Map<string, MigrationFile | null>();
  for (const file of files) {
    const base = file.name.slice(file.name.lastIndexOf("/") + 1);
    if (base !== file.name) found.set(base, found.has(base) ? null : file);
  }
  for (const file of files) found.set(file.name, file);
  return found;
}

function withEntries(history: readonly HistoryEntry[], entries: readonly HistoryEntry[]): HistoryEntry[] {
  const known = new Set(history.map(({ name }) => name));
  return [...entries.filter(({ name }) => !known.has(name)), ...history];
}
