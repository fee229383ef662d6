import type { HistoryEntry, MigrationFile } from "./migration.js";

/** The history's run of entries that knex's own migrator had recorded. */
export const KNEX_RUN = "knex";

/** A row of the table in which knex's own migrator keeps its history. */
export interface KnexMigration {
  /** File name with extension, as knex writes it. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
}

export interface KnexHistory {
  /** One for each row, named as the release's own file is, where there is one. */
  readonly entries: readonly HistoryEntry[];
  /** How many of the release's migrations are among them: none means that the rows belong to something else. */
  readonly matched: number;
}

/**
 * What knex has recorded, as entries of the history. A file is found by its name, also below a release's folder: vendors may
 * have moved it there; a name that two releases share is not taken for either.
 */
export function knexHistory(rows: readonly KnexMigration[], files: readonly MigrationFile[], codeVersion: string): KnexHistory {
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

/** The history with what knex has recorded besides. */
export function withKnexHistory(history: readonly HistoryEntry[], { entries }: KnexHistory): HistoryEntry[] {
  const known = new Set(history.map(({ name }) => name));
  return [...entries.filter(({ name }) => !known.has(name)), ...history];
}
